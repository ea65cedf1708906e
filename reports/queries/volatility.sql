SELECT
    provider, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, median_now,
    hv7, hv30, hv90, n30, suppressed7, suppressed30, suppressed90, change_share, implied_spell_days
FROM volatility
WHERE pricing_model IN ('spot', 'interruptible')
ORDER BY hv30 DESC NULLS LAST, gpu_model, gpu_form_factor, gpu_memory_gib
