-- The price of every spot and interruptible offer by day, of the last 30 days: what an index matches.
SELECT
    provider, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, slot::DATE AS day,
    source || ':' || offer_key AS key, median(usd_per_gpu_hour) AS usd_per_gpu_hour
FROM current_offers
WHERE pricing_model IN ('spot', 'interruptible') AND usd_per_gpu_hour > 0 AND gpu_is_known
    AND slot > (SELECT max(slot) FROM latest_offers) - INTERVAL 30 DAY
GROUP BY ALL
ORDER BY ALL
