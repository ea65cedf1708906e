-- What can be rented in Germany, and what does it cost?
SELECT provider, region, gpu_model, pricing_model, min(usd_per_gpu_hour) AS least
FROM latest_offers
WHERE country = 'DE' AND usd_per_gpu_hour IS NOT NULL
GROUP BY ALL
ORDER BY least, provider, gpu_model, region, pricing_model
