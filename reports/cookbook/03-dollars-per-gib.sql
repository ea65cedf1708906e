-- Which GPU memory is cheapest by the GiB and hour?
SELECT gpu_model, gpu_memory_gib, pricing_model, provider, usd_per_gpu_hour / gpu_memory_gib AS usd_per_gib_hour
FROM cheapest_now
WHERE gpu_memory_gib > 0
ORDER BY usd_per_gib_hour, provider, gpu_model, pricing_model
LIMIT 10
