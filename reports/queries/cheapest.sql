SELECT gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, usd_per_gpu_hour, provider, region, source_url
FROM cheapest_now
WHERE pricing_model <> 'free'
ORDER BY lower(gpu_model), gpu_form_factor, gpu_memory_gib, pricing_model
