-- description: terms of every snapshot, without those that a later correction replaced.
--
-- Every row of terms that stands: those of superseded scrapes stay in the table and are left out here.
CREATE OR REPLACE VIEW current_terms AS
SELECT *
FROM terms
SEMI JOIN current_scrapes USING (run_id, source, slot);
