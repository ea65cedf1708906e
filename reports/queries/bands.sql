-- Daily price bands of the series with most GPUs, as many as a page has panels for.
WITH total AS (
    SELECT source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, sum(gpus) AS gpus
    FROM price_daily
    WHERE pricing_model IN ('spot', 'interruptible')
    GROUP BY ALL
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY source, pricing_model ORDER BY gpus DESC, gpu_model) AS place
    FROM total
)
SELECT
    price_daily.provider, price_daily.gpu_model, price_daily.gpu_form_factor, price_daily.gpu_memory_gib,
    price_daily.pricing_model, day, p10, p25, p50, p75, p90
FROM price_daily
JOIN ranked
    ON (ranked.source, ranked.gpu_model, ranked.pricing_model)
        = (price_daily.source, price_daily.gpu_model, price_daily.pricing_model)
    AND ranked.gpu_form_factor IS NOT DISTINCT FROM price_daily.gpu_form_factor
    AND ranked.gpu_memory_gib IS NOT DISTINCT FROM price_daily.gpu_memory_gib
WHERE place <= 9 AND day > (SELECT max(day) FROM price_daily) - 90
ORDER BY ALL
