-- How often spot machines were interrupted in the last month, where the provider says so: pairs of region and type by band.
SELECT
    provider, gpu_model, gpu_form_factor, gpu_memory_gib, interruption_low, interruption_high,
    count(*) AS pairs, median(usd_per_gpu_hour) AS median
FROM latest_offers
WHERE interruption_low IS NOT NULL AND gpu_is_known
GROUP BY ALL
ORDER BY ALL
