-- description: GPUs rented on a marketplace's listed machines, by GPU and day; fully rented machines are not listed.
-- cache: days by day
-- report: computed once
-- download: all
--
-- S11: GPUs rented over all GPUs, of the machines that a marketplace lists with something free. A machine that is fully
-- rented is not listed, so this is less than the market's utilisation, which its own count (current_utilisation) gives. The
-- matched figures compare only machines that were listed in the snapshot before too.
CREATE OR REPLACE VIEW rented_daily AS
WITH machines AS (
    SELECT
        provider, source, slot, machine_id, gpu_model, gpu_form_factor, gpu_memory_gib, gpus_total,
        gpus_total - least(gpus_available, gpus_total) AS rented
    FROM market_machines
    WHERE gpu_model IS NOT NULL AND gpus_total IS NOT NULL AND gpus_available IS NOT NULL
),
ordered AS (
    SELECT source, slot, lag(slot) OVER (PARTITION BY source ORDER BY slot) AS slot_before
    FROM (SELECT DISTINCT source, slot FROM machines)
),
compared AS (
    SELECT machines.*, before.rented AS rented_before
    FROM machines
    JOIN ordered USING (source, slot)
    LEFT JOIN machines AS before
        ON before.source = machines.source AND before.machine_id = machines.machine_id
        AND before.slot = ordered.slot_before
)
SELECT
    provider, source, gpu_model, gpu_form_factor, gpu_memory_gib, slot::DATE AS day,
    count(DISTINCT machine_id) AS machines,
    sum(rented) / sum(gpus_total) AS rented_share,
    count(DISTINCT machine_id) FILTER (rented_before IS NOT NULL) AS matched_machines,
    sum(rented) FILTER (rented_before IS NOT NULL) / sum(gpus_total) FILTER (rented_before IS NOT NULL)
        AS matched_rented_share,
    sum(rented_before) / sum(gpus_total) FILTER (rented_before IS NOT NULL) AS matched_rented_share_before
FROM compared
GROUP BY ALL;
COMMENT ON COLUMN rented_daily.day IS 'UTC day.';
COMMENT ON COLUMN rented_daily.machines IS 'Machines listed that day.';
COMMENT ON COLUMN rented_daily.rented_share IS 'GPUs rented over all GPUs of the listed machines, over the day''s slots. [share]';
COMMENT ON COLUMN rented_daily.matched_machines IS 'Machines that were listed in the snapshot before too.';
COMMENT ON COLUMN rented_daily.matched_rented_share IS 'rented_share of the matched machines. [share]';
COMMENT ON COLUMN rented_daily.matched_rented_share_before IS 'Their rented_share in the snapshot before. [share]';
