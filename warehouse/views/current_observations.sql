-- description: Dated facts from before the first snapshot, as last loaded.
CREATE OR REPLACE VIEW current_observations AS
SELECT *
FROM observations
SEMI JOIN current_scrapes USING (run_id, source, slot)
QUALIFY slot = max(slot) OVER (PARTITION BY source);
