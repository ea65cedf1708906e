-- Which machines have eight GPUs, and what does an hour of the whole machine cost?
SELECT provider, instance_type, gpu_model, gpu_form_factor, pricing_model, min(usd_per_hour) AS usd_per_hour
FROM latest_offers
WHERE gpu_count = 8
GROUP BY ALL
ORDER BY usd_per_hour NULLS LAST, provider, instance_type, pricing_model
LIMIT 15
