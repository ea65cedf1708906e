-- Which medians have moved most within a week?
SELECT provider, gpu_model, gpu_form_factor, pricing_model, p50,
    p50 / lag(p50, 7) OVER series - 1 AS change_in_7_days
FROM price_daily
WINDOW series AS (
    PARTITION BY provider, source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model ORDER BY day
)
QUALIFY day = max(day) OVER () AND change_in_7_days IS NOT NULL
ORDER BY abs(change_in_7_days) DESC, provider, gpu_model, gpu_form_factor, pricing_model
LIMIT 10
