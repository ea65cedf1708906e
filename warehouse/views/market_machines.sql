-- description: Marketplace machines, one row a machine and slot; chunks are never summed.
-- cache: days by slot
-- download: last year by slot
--
-- The machines of a marketplace, one row a machine and slot. A machine is listed as several overlapping chunks, so
-- counts of GPUs are the machine's own, as every chunk states them, and are never summed over chunks.
CREATE OR REPLACE VIEW market_machines AS
SELECT
    provider, source, slot, machine_id,
    any_value(host_id) AS host_id,
    any_value(gpu_model) AS gpu_model,
    any_value(gpu_form_factor) AS gpu_form_factor,
    any_value(gpu_memory_gib) AS gpu_memory_gib,
    any_value(country) AS country,
    bool_or(verified) AS verified,
    bool_or(datacenter) AS datacenter,
    max(gpus_total) AS gpus_total,
    max(gpus_available) AS gpus_available,
    min(usd_per_gpu_hour) FILTER (pricing_model = 'on_demand') AS on_demand_usd_per_gpu_hour,
    min(usd_per_gpu_hour) FILTER (pricing_model = 'interruptible') AS interruptible_usd_per_gpu_hour
FROM current_offers
WHERE machine_id IS NOT NULL
GROUP BY provider, source, slot, machine_id;
COMMENT ON COLUMN market_machines.on_demand_usd_per_gpu_hour IS 'Lowest on-demand price over the machine''s chunks. [USD per GPU-hour]';
COMMENT ON COLUMN market_machines.interruptible_usd_per_gpu_hour IS 'Lowest bid over the machine''s chunks. [USD per GPU-hour]';
