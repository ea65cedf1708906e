-- The cheapest machine on demand of each provider and GPU in its newest snapshot, with the machine around it.
SELECT
    coalesce(title, latest_offers.provider) AS provider, gpu_model, gpu_form_factor, gpu_memory_gib, gpu_count,
    vcpus, ram_gib, disk_gib, region, instance_type, usd_per_gpu_hour, usd_per_hour, latest_offers.slot, source_url
FROM latest_offers
LEFT JOIN providers_now USING (provider)
WHERE pricing_model = 'on_demand' AND usd_per_gpu_hour IS NOT NULL AND gpu_is_known
    AND gpu_model IN ('T4', 'L4', 'A10G', 'V100', 'A100', 'H100', 'H200', 'B200', 'MI300X')
QUALIFY row_number() OVER (
    PARTITION BY latest_offers.provider, gpu_model, gpu_form_factor, gpu_memory_gib
    ORDER BY usd_per_gpu_hour, gpu_count, offer_key, source
) = 1
ORDER BY gpu_model, gpu_form_factor NULLS LAST, gpu_memory_gib, usd_per_gpu_hour, provider
