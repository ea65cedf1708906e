-- What each provider asks now, by GPU and way of selling.
SELECT
    provider, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model,
    count(*) AS offers,
    min(usd_per_gpu_hour) AS lowest,
    median(usd_per_gpu_hour) AS median,
    max(usd_per_gpu_hour) AS highest,
    count(DISTINCT region) AS regions,
    arg_min(source_url, (usd_per_gpu_hour, offer_key, source)) AS source_url
FROM latest_offers
WHERE gpu_model IS NOT NULL
GROUP BY ALL
ORDER BY provider, gpu_model, gpu_form_factor NULLS LAST, gpu_memory_gib, pricing_model
