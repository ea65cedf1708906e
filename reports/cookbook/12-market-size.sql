-- How many machines and GPUs of each model has the market, and how many are free?
SELECT gpu_model, count(*) AS machines, sum(gpus_total) AS gpus, sum(gpus_available) AS free
FROM market_machines
WHERE slot = (SELECT max(slot) FROM market_machines)
GROUP BY ALL
ORDER BY gpus DESC, gpu_model
LIMIT 10
