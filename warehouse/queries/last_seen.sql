-- The last rows of every offer, with and without a price: what later snapshots are compared with.
SELECT *
FROM current_offers
QUALIFY slot = max(slot) OVER (PARTITION BY source, offer_key, pricing_model, usd_per_hour IS NULL)
