-- The offers of each marketplace by day of the last 30, one row a machine and way of selling: its largest chunk in the day's
-- first slot, with the qualities that a hedonic index holds equal.
WITH first_slots AS (
    SELECT source, slot::DATE AS day, min(slot) AS slot
    FROM current_scrapes
    GROUP BY ALL
)
SELECT
    source, provider, pricing_model, day, machine_id, host_id, usd_per_gpu_hour, gpu_model, gpu_form_factor, gpu_memory_gib,
    gpu_count, vcpus, ram_gib, disk_gib, reliability, verified, datacenter, country
FROM current_offers
JOIN first_slots USING (source, slot)
WHERE machine_id IS NOT NULL AND usd_per_gpu_hour > 0 AND gpu_is_known AND availability <> 'unavailable'
    AND pricing_model IN ('on_demand', 'interruptible')
    AND current_offers.slot > (SELECT max(slot) FROM latest_offers) - INTERVAL 31 DAY
QUALIFY row_number() OVER (
    PARTITION BY source, slot, machine_id, pricing_model
    ORDER BY gpu_count DESC, usd_per_gpu_hour
) = 1
ORDER BY source, pricing_model, day, machine_id
