-- Do verified hosts ask for more?
SELECT gpu_model, verified, count(*) AS machines, median(on_demand_usd_per_gpu_hour) AS median
FROM market_machines
WHERE slot = (SELECT max(slot) FROM market_machines)
GROUP BY ALL
HAVING machines >= 3
ORDER BY gpu_model, verified
LIMIT 12
