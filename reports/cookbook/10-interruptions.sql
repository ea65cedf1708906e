-- Which AWS machines are interrupted least, and what do they cost on spot?
SELECT instance_type, region, usd_per_gpu_hour, interruption_low, interruption_high
FROM latest_offers
WHERE interruption_high IS NOT NULL
ORDER BY interruption_high, usd_per_gpu_hour, instance_type, region
LIMIT 10
