-- The cheapest offer of each provider, GPU and way of selling now, beside the throughput of one such GPU: the median
-- DLPerf that the marketplace has measured on it in its newest snapshot.
WITH measured AS (
    SELECT gpu_model, gpu_form_factor, gpu_memory_gib, median(throughput / gpu_count) AS dlperf,
        count(DISTINCT machine_id) AS machines
    FROM latest_offers
    WHERE throughput > 0
    GROUP BY ALL
)
SELECT
    latest_offers.provider, latest_offers.gpu_model, latest_offers.gpu_form_factor,
    latest_offers.gpu_memory_gib, pricing_model, usd_per_gpu_hour, region, source_url, dlperf, machines
FROM latest_offers
JOIN measured
    ON measured.gpu_model = latest_offers.gpu_model
    AND measured.gpu_form_factor IS NOT DISTINCT FROM latest_offers.gpu_form_factor
    AND measured.gpu_memory_gib IS NOT DISTINCT FROM latest_offers.gpu_memory_gib
WHERE usd_per_gpu_hour IS NOT NULL AND availability <> 'unavailable' AND pricing_model <> 'reserved'
QUALIFY row_number() OVER (
    PARTITION BY latest_offers.provider, latest_offers.gpu_model, latest_offers.gpu_form_factor,
        latest_offers.gpu_memory_gib, pricing_model
    ORDER BY usd_per_gpu_hour, offer_key, source
) = 1
ORDER BY ALL
