-- description: Offers of imported histories, which are never among our own.
--
-- The offers of imported histories. They are never among current_offers.
CREATE OR REPLACE VIEW history_offers AS
SELECT *
FROM offers
SEMI JOIN history_scrapes USING (run_id, source, slot);
