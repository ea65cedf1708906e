-- The median on demand of every provider now, by GPU: the venues of the daily fix.
SELECT
    gpu_model, gpu_form_factor, gpu_memory_gib, provider, median(usd_per_gpu_hour) AS usd_per_gpu_hour
FROM latest_offers
WHERE pricing_model = 'on_demand' AND usd_per_gpu_hour > 0 AND gpu_is_known
GROUP BY ALL
ORDER BY ALL
