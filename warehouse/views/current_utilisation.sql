-- description: utilisation of every snapshot, without what a later correction replaced.
--
-- Every row of utilisation that stands.
CREATE OR REPLACE VIEW current_utilisation AS
SELECT *
FROM utilisation
SEMI JOIN current_scrapes USING (run_id, source, slot);
