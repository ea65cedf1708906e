-- How long have the market's machines been listed?
SELECT gpu_model, count(*) AS machines, median(slots) AS median_slots, max(slots) AS most_slots
FROM (
    SELECT machine_id, gpu_model, count(DISTINCT slot) AS slots
    FROM market_machines
    GROUP BY ALL
)
GROUP BY gpu_model
ORDER BY machines DESC, gpu_model
LIMIT 10
