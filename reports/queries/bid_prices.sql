-- The least interruptible price of every machine and slot of the last 90 days, of the models with most machines.
WITH machines AS (
    SELECT source, provider, slot, machine_id, gpu_model, gpu_form_factor, gpu_memory_gib,
        interruptible_usd_per_gpu_hour AS usd_per_gpu_hour
    FROM market_machines
    WHERE interruptible_usd_per_gpu_hour IS NOT NULL
        AND slot > (SELECT max(slot) FROM market_machines) - INTERVAL 90 DAY
),
counted AS (
    SELECT source, gpu_model, gpu_form_factor, gpu_memory_gib, count(*) AS listings
    FROM machines
    GROUP BY ALL
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY source ORDER BY listings DESC, gpu_model) AS place
    FROM counted
)
SELECT machines.*
FROM machines
JOIN ranked
    ON ranked.source = machines.source AND ranked.gpu_model = machines.gpu_model
    AND ranked.gpu_form_factor IS NOT DISTINCT FROM machines.gpu_form_factor
    AND ranked.gpu_memory_gib IS NOT DISTINCT FROM machines.gpu_memory_gib
WHERE place <= 12
ORDER BY source, place, slot, machine_id
