-- Where do the bytes behind a price lie?
SELECT latest_offers.offer_key, price_as_shown, url, fetched_at, warc_file, warc_offset
FROM latest_offers
JOIN captures USING (capture_id, run_id, source, slot)
WHERE gpu_model = 'H100'
ORDER BY offer_key
LIMIT 5
