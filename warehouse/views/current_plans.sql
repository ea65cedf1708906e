-- description: The current rows of plans: of every snapshot, without those that a correction replaced.
--
-- Rows of replaced scrapes stay in the table and are left out here.
CREATE OR REPLACE VIEW current_plans AS
SELECT *
FROM plans
SEMI JOIN current_scrapes USING (run_id, source, slot);
