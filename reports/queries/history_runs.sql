-- Long runs by GPU and imported source: the median over a source's providers, by day.
SELECT
    source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, day, median(p50) AS value,
    count(DISTINCT provider) AS providers
FROM history_daily
WHERE pricing_model <> 'free'
GROUP BY ALL
ORDER BY ALL
