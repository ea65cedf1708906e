-- Every offer of each source's newest standing slot: what could be rented at the last look.
CREATE OR REPLACE VIEW latest_offers AS
SELECT *
FROM current_offers
QUALIFY slot = max(slot) OVER (PARTITION BY source);
COMMENT ON VIEW latest_offers IS 'Offers of each source''s newest snapshot.';
