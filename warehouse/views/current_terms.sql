-- description: The current rows of terms: of every snapshot, without those that a correction replaced.
--
-- Rows of replaced scrapes stay in the table and are left out here.
CREATE OR REPLACE VIEW current_terms AS
SELECT *
FROM terms
SEMI JOIN current_scrapes USING (run_id, source, slot);
