-- description: Dated facts of imported histories; current_observations never has them.
CREATE OR REPLACE VIEW history_observations AS
SELECT *
FROM observations
SEMI JOIN history_scrapes USING (run_id, source, slot);
