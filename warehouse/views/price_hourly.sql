-- description: GPU-weighted price percentiles (USD per GPU-hour) by series and slot.
-- cache: days by slot
-- report: computed once
-- download: all
--
-- S6: GPU-weighted percentiles of the price of one GPU, by series and slot. A machine's price counts once per GPU:
-- of a marketplace machine, which is listed as several overlapping chunks, the largest chunk counts for all GPUs that
-- are free. Rows are sorted by price, and a percentile is the lowest price at which the GPUs so far reach its share.
-- Regions are pooled; form factors, memory sizes and pricing models never are. Rows without a price are left out.
CREATE OR REPLACE VIEW price_hourly AS
WITH counted AS (
    SELECT *, coalesce(gpus_available, gpu_count) AS weight
    FROM current_offers
    WHERE gpu_model IS NOT NULL AND gpu_count IS NOT NULL AND usd_per_gpu_hour IS NOT NULL
        AND availability <> 'unavailable'
    QUALIFY machine_id IS NULL OR row_number() OVER (
        PARTITION BY source, slot, machine_id, pricing_model
        ORDER BY gpu_count DESC, usd_per_gpu_hour
    ) = 1
),
priced AS (
    SELECT
        provider, source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, slot, usd_per_gpu_hour,
        sum(weight) OVER series_by_price AS gpus_so_far,
        sum(weight) OVER series AS gpus_in_all
    FROM counted
    WINDOW
        series AS (
            PARTITION BY provider, source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, slot
        ),
        series_by_price AS (
            PARTITION BY provider, source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, slot
            ORDER BY usd_per_gpu_hour
            ROWS UNBOUNDED PRECEDING
        )
)
SELECT
    provider, source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, slot,
    count(*) AS offers,
    any_value(gpus_in_all)::BIGINT AS gpus,
    min(usd_per_gpu_hour) FILTER (gpus_so_far >= 0.10 * gpus_in_all) AS p10,
    min(usd_per_gpu_hour) FILTER (gpus_so_far >= 0.25 * gpus_in_all) AS p25,
    min(usd_per_gpu_hour) FILTER (gpus_so_far >= 0.50 * gpus_in_all) AS p50,
    min(usd_per_gpu_hour) FILTER (gpus_so_far >= 0.75 * gpus_in_all) AS p75,
    min(usd_per_gpu_hour) FILTER (gpus_so_far >= 0.90 * gpus_in_all) AS p90,
    min(usd_per_gpu_hour) AS lowest
FROM priced
GROUP BY ALL;
COMMENT ON COLUMN price_hourly.offers IS 'Offers behind the figures.';
COMMENT ON COLUMN price_hourly.gpus IS 'GPUs behind the figures.';
COMMENT ON COLUMN price_hourly.p10 IS '10th percentile of the price of one GPU, each GPU counted once. [USD per GPU-hour]';
COMMENT ON COLUMN price_hourly.p25 IS 'Lower quartile of the price of one GPU, each GPU counted once. [USD per GPU-hour]';
COMMENT ON COLUMN price_hourly.p50 IS 'Median of the price of one GPU, each GPU counted once. [USD per GPU-hour]';
COMMENT ON COLUMN price_hourly.p75 IS 'Upper quartile of the price of one GPU, each GPU counted once. [USD per GPU-hour]';
COMMENT ON COLUMN price_hourly.p90 IS '90th percentile of the price of one GPU, each GPU counted once. [USD per GPU-hour]';
COMMENT ON COLUMN price_hourly.lowest IS 'The lowest price. [USD per GPU-hour]';
