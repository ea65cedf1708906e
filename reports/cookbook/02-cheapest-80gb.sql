-- What is the cheapest GPU with at least 80 GiB, sold in any way?
SELECT gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, provider, usd_per_gpu_hour
FROM cheapest_now
WHERE gpu_memory_gib >= 80
ORDER BY usd_per_gpu_hour, provider, gpu_model, pricing_model, gpu_form_factor
LIMIT 10
