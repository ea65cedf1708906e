-- How has the median price of one GPU moved, day by day?
SELECT day, p10, p50, p90, offers
FROM price_daily
WHERE gpu_model = 'RTX 4090' AND provider = 'vast_ai' AND pricing_model = 'interruptible'
ORDER BY day DESC
LIMIT 14
