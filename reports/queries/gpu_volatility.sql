SELECT
    gpu_model, gpu_form_factor, gpu_memory_gib, provider, source, pricing_model, median_now, hv30, hv90, n30, suppressed30,
    change_share, implied_spell_days, max_drawdown, max_run_up, observations
FROM volatility
ORDER BY pricing_model, provider, source, gpu_model, gpu_form_factor, gpu_memory_gib
