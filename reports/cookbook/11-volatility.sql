-- Which spot prices are calm: the least volatile of the last 30 days?
SELECT provider, gpu_model, gpu_form_factor, hv30, n30, change_share, implied_spell_days
FROM volatility
WHERE hv30 IS NOT NULL
ORDER BY hv30, provider, gpu_model, gpu_form_factor, gpu_memory_gib
LIMIT 10
