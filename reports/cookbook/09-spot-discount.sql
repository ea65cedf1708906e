-- What does spot save against on demand on the same instance type in the same region?
SELECT provider, instance_type, region,
    min(usd_per_hour) FILTER (pricing_model = 'on_demand') AS on_demand,
    min(usd_per_hour) FILTER (pricing_model = 'spot') AS spot,
    1 - spot / on_demand AS saved
FROM latest_offers
GROUP BY ALL
HAVING saved IS NOT NULL
ORDER BY saved DESC, provider, instance_type, region
LIMIT 10
