-- What each provider asks for a GPU now, by way of selling: the cheapest offer and the median of all.
SELECT
    gpu_model, gpu_form_factor, gpu_memory_gib, provider, pricing_model,
    count(*) AS offers,
    median(usd_per_gpu_hour) AS median,
    min(usd_per_gpu_hour) AS lowest,
    arg_min(region, (usd_per_gpu_hour, offer_key, source)) AS region,
    arg_min(source_url, (usd_per_gpu_hour, offer_key, source)) AS source_url,
    max(slot) AS slot
FROM latest_offers
WHERE usd_per_gpu_hour IS NOT NULL AND gpu_is_known AND availability <> 'unavailable'
GROUP BY ALL
ORDER BY lowest, provider, pricing_model, gpu_model, gpu_form_factor, gpu_memory_gib
