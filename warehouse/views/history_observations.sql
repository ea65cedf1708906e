-- description: Dated facts of imported histories, which are never among our own.
--
-- The dated facts of imported histories. They are never among current_observations.
CREATE OR REPLACE VIEW history_observations AS
SELECT *
FROM observations
SEMI JOIN history_scrapes USING (run_id, source, slot);
