-- description: Offers, machines and GPUs listed, by series and day.
-- cache: days by day
-- report: computed once
-- download: all
--
-- How much was listed: offers of each series by day, and, for marketplaces, machines and their GPUs. The machine
-- figures count each machine once a slot, whatever its chunks; a day is the mean of its slots.
CREATE OR REPLACE VIEW availability_daily AS
WITH listed AS (
    SELECT
        slot, provider, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model,
        count(*) AS offers,
        count(DISTINCT machine_id) AS machines
    FROM current_offers
    WHERE gpu_model IS NOT NULL AND availability <> 'unavailable'
    GROUP BY ALL
),
free AS (
    SELECT
        slot, provider, gpu_model, gpu_form_factor, gpu_memory_gib,
        sum(gpus_available) AS gpus_available,
        sum(gpus_total) AS gpus_total
    FROM market_machines
    GROUP BY ALL
)
SELECT
    listed.slot::DATE AS day,
    listed.provider, listed.gpu_model, listed.gpu_form_factor, listed.gpu_memory_gib, listed.pricing_model,
    avg(listed.offers) AS offers,
    nullif(avg(listed.machines), 0) AS machines,
    avg(free.gpus_available) AS gpus_available,
    avg(free.gpus_total) AS gpus_total
FROM listed
LEFT JOIN free
    ON free.slot = listed.slot
    AND free.provider = listed.provider
    AND free.gpu_model = listed.gpu_model
    AND free.gpu_form_factor IS NOT DISTINCT FROM listed.gpu_form_factor
    AND free.gpu_memory_gib IS NOT DISTINCT FROM listed.gpu_memory_gib
GROUP BY ALL;
COMMENT ON COLUMN availability_daily.day IS 'UTC day.';
COMMENT ON COLUMN availability_daily.offers IS 'Offers listed; the mean of the day''s slots.';
COMMENT ON COLUMN availability_daily.machines IS 'Machines listed, each once whatever its chunks; the mean of the day''s slots.';
COMMENT ON COLUMN availability_daily.gpus_available IS 'GPUs free on those machines; the mean of the day''s slots. [GPUs]';
COMMENT ON COLUMN availability_daily.gpus_total IS 'GPUs of those machines; the mean of the day''s slots. [GPUs]';
