-- Where is an H100 cheapest right now, on demand?
SELECT provider, gpu_form_factor, region, usd_per_gpu_hour, source_url
FROM cheapest_now
WHERE gpu_model = 'H100' AND pricing_model = 'on_demand'
ORDER BY usd_per_gpu_hour, provider, region, source_url
