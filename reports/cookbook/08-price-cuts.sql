-- Which list prices have been cut by more than a tenth, and when?
SELECT slot::DATE AS day, provider, instance_type, region, usd_per_hour_before, usd_per_hour, change
FROM price_changes
WHERE pricing_model = 'on_demand' AND provider <> 'vast_ai' AND change < -0.1
ORDER BY slot DESC, change, provider, instance_type, region
LIMIT 15
