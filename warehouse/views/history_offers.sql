-- description: Offers of imported histories; current_offers never has them.
CREATE OR REPLACE VIEW history_offers AS
SELECT *
FROM offers
SEMI JOIN history_scrapes USING (run_id, source, slot);
