-- description: The current rows of utilisation: of every snapshot, without those that a correction replaced.
CREATE OR REPLACE VIEW current_utilisation AS
SELECT *
FROM utilisation
SEMI JOIN current_scrapes USING (run_id, source, slot);
