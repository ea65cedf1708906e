-- description: Offers of each source's newest snapshot.
-- cache: newest
-- report: computed once
-- download: all
--
-- The newest slots are found first, so that of a long ledger only its end is read.
CREATE OR REPLACE VIEW latest_offers AS
WITH newest AS (
    SELECT source, max(slot) AS slot
    FROM current_offers
    GROUP BY source
)
SELECT *
FROM current_offers
SEMI JOIN newest USING (source, slot);
