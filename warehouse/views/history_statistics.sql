-- description: Price statistics that others have published.
CREATE OR REPLACE VIEW history_statistics AS
SELECT *
FROM price_statistics
SEMI JOIN history_scrapes USING (run_id, source, slot);
