-- The largest moves of the daily median against the day before and the week before; a day that was missed has no
-- comparison.
WITH newest AS (
    SELECT source, max(day) AS day
    FROM price_daily
    GROUP BY source
)
SELECT
    now.provider, now.gpu_model, now.gpu_form_factor, now.gpu_memory_gib, now.pricing_model,
    now.p50 AS median_now,
    now.p50 / day_before.p50 - 1 AS change_1d,
    now.p50 / week_before.p50 - 1 AS change_7d
FROM price_daily AS now
SEMI JOIN newest USING (source, day)
LEFT JOIN price_daily AS day_before
    ON (day_before.source, day_before.gpu_model, day_before.pricing_model, day_before.day)
        = (now.source, now.gpu_model, now.pricing_model, now.day - 1)
    AND day_before.gpu_form_factor IS NOT DISTINCT FROM now.gpu_form_factor
    AND day_before.gpu_memory_gib IS NOT DISTINCT FROM now.gpu_memory_gib
LEFT JOIN price_daily AS week_before
    ON (week_before.source, week_before.gpu_model, week_before.pricing_model, week_before.day)
        = (now.source, now.gpu_model, now.pricing_model, now.day - 7)
    AND week_before.gpu_form_factor IS NOT DISTINCT FROM now.gpu_form_factor
    AND week_before.gpu_memory_gib IS NOT DISTINCT FROM now.gpu_memory_gib
WHERE change_7d <> 0 OR change_1d <> 0
ORDER BY abs(coalesce(change_7d, change_1d)) DESC
LIMIT 12
