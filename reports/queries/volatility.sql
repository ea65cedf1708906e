-- Spot and interruptible series by their volatility, each with what it saves against on demand of the same thing at the
-- same provider now (S17).
WITH both_ways AS (
    SELECT
        provider, gpu_model, gpu_form_factor, gpu_memory_gib,
        concat_ws(':', machine_id, region, coalesce(instance_type, offer_key), gpu_count) AS thing,
        min(usd_per_gpu_hour) FILTER (pricing_model = 'on_demand') AS on_demand,
        min(usd_per_gpu_hour) FILTER (pricing_model IN ('spot', 'interruptible')) AS spot
    FROM latest_offers
    WHERE usd_per_gpu_hour IS NOT NULL
    GROUP BY ALL
),
saved AS (
    SELECT provider, gpu_model, gpu_form_factor, gpu_memory_gib, median(1 - spot / on_demand) AS discount
    FROM both_ways
    WHERE on_demand > 0 AND spot > 0
    GROUP BY ALL
)
SELECT
    volatility.provider, source, volatility.gpu_model, volatility.gpu_form_factor, volatility.gpu_memory_gib,
    pricing_model, median_now, hv7, hv30, hv90, ewma_volatility, n30, suppressed30, change_share,
    up_share / nullif(change_share, 0) AS up_part, implied_spell_days, max_drawdown, max_run_up, discount
FROM volatility
LEFT JOIN saved
    ON saved.provider = volatility.provider AND saved.gpu_model = volatility.gpu_model
    AND saved.gpu_form_factor IS NOT DISTINCT FROM volatility.gpu_form_factor
    AND saved.gpu_memory_gib IS NOT DISTINCT FROM volatility.gpu_memory_gib
WHERE pricing_model IN ('spot', 'interruptible')
ORDER BY hv30 DESC NULLS LAST, lower(volatility.gpu_model), volatility.gpu_form_factor, volatility.gpu_memory_gib, source
