-- The published figures of one slot: GPU-weighted percentiles of every series.
SELECT
    source,
    concat_ws(' ', gpu_model, gpu_form_factor, format('{:g} GiB', gpu_memory_gib), replace(pricing_model, '_', ' '))
        AS series,
    unnest(['p10', 'p50', 'p90', 'lowest']) AS figure,
    unnest([p10, p50, p90, lowest]) AS usd_per_gpu_hour
FROM price_hourly
WHERE slot = $slot
ORDER BY ALL
