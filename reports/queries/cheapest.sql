-- The cheapest offer of each GPU and way of selling, with the lowest price that any provider has asked for it (S18): a deal
-- is within limits.deal_within of it, once there are limits.least_deal_days to look back on and the price has been higher
-- than that on one of them.
WITH lowest AS (
    SELECT
        gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model,
        min(lowest_of_day) AS lowest_ever, max(lowest_of_day) AS highest_lowest, count(*) AS days
    FROM (
        SELECT gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, day, min(lowest) AS lowest_of_day
        FROM price_daily
        GROUP BY ALL
    )
    GROUP BY ALL
)
SELECT
    cheapest_now.gpu_model, cheapest_now.gpu_form_factor, cheapest_now.gpu_memory_gib, cheapest_now.pricing_model,
    usd_per_gpu_hour, provider, region, source_url, lowest_ever, days,
    days >= least_deal_days AND usd_per_gpu_hour <= (1 + deal_within) * lowest_ever
        AND highest_lowest > (1 + deal_within) * lowest_ever AS is_deal
FROM cheapest_now
CROSS JOIN limits
LEFT JOIN lowest
    ON lowest.gpu_model = cheapest_now.gpu_model AND lowest.pricing_model = cheapest_now.pricing_model
    AND lowest.gpu_form_factor IS NOT DISTINCT FROM cheapest_now.gpu_form_factor
    AND lowest.gpu_memory_gib IS NOT DISTINCT FROM cheapest_now.gpu_memory_gib
WHERE cheapest_now.pricing_model <> 'free'
ORDER BY
    lower(cheapest_now.gpu_model), cheapest_now.gpu_form_factor, cheapest_now.gpu_memory_gib, cheapest_now.pricing_model
