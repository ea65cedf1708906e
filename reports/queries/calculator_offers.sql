-- The cheapest offer of each GPU, provider and way of selling by the hour.
SELECT
    gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, coalesce(title, latest_offers.provider) AS provider, region,
    usd_per_gpu_hour, source_url
FROM latest_offers
LEFT JOIN providers_now USING (provider)
WHERE usd_per_gpu_hour IS NOT NULL AND gpu_is_known AND gpu_memory_gib IS NOT NULL AND availability <> 'unavailable'
    AND pricing_model IN ('on_demand', 'spot', 'interruptible')
QUALIFY row_number() OVER (
    PARTITION BY latest_offers.provider, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model
    ORDER BY usd_per_gpu_hour, offer_key, source
) = 1
ORDER BY lower(gpu_model), gpu_form_factor NULLS LAST, gpu_memory_gib, pricing_model, usd_per_gpu_hour, provider
