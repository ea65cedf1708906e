-- S17: what spot saves against on demand of the same thing in the same snapshot: the same machine and size of a
-- marketplace, or the same instance type in the same region. The median over a provider's offers counts for a GPU.
WITH both_ways AS (
    SELECT
        provider, gpu_model, gpu_form_factor, gpu_memory_gib,
        concat_ws(':', machine_id, region, coalesce(instance_type, offer_key), gpu_count) AS thing,
        min(usd_per_gpu_hour) FILTER (pricing_model = 'on_demand') AS on_demand,
        min(usd_per_gpu_hour) FILTER (pricing_model IN ('spot', 'interruptible')) AS spot
    FROM latest_offers
    WHERE usd_per_gpu_hour IS NOT NULL
    GROUP BY ALL
)
SELECT
    provider, gpu_model, gpu_form_factor, gpu_memory_gib,
    count(*) AS things, median(on_demand) AS on_demand, median(spot) AS spot, median(1 - spot / on_demand) AS discount
FROM both_ways
WHERE on_demand > 0 AND spot > 0
GROUP BY ALL
ORDER BY discount DESC, provider, gpu_model
