-- The daily median of every series of the last year.
SELECT provider, source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, day, p50, lowest
FROM price_daily
WHERE day > (SELECT max(day) FROM price_daily) - 365 AND pricing_model <> 'free'
ORDER BY ALL
