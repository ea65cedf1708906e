-- How long have the market's machines been listed?
SELECT gpu_model, count(*) AS machines, median(nights) AS median_nights, max(nights) AS longest
FROM (
    SELECT machine_id, gpu_model, count(DISTINCT slot) AS nights
    FROM market_machines
    GROUP BY ALL
)
GROUP BY gpu_model
ORDER BY machines DESC, gpu_model
LIMIT 10
