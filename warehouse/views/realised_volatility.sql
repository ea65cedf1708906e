-- description: Realised volatility (S2) by series and day, of series seen often enough that day.
-- cache: days by day
-- download: all
--
-- S2: RV_d = sqrt(sum of r^2) over the returns within a UTC day, of series that are seen in at least
-- limits.least_slots_a_day slots of it.
-- A return across midnight belongs to no day.
CREATE OR REPLACE VIEW realised_volatility AS
WITH within AS (
    SELECT
        provider, source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, slot, slot::DATE AS day,
        ln(p50 / lag(p50) OVER day_of_series) AS r
    FROM price_hourly
    WINDOW day_of_series AS (
        PARTITION BY provider, source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, slot::DATE ORDER BY slot
    )
)
SELECT
    provider, source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, day,
    count(*) AS slots,
    sqrt(sum(r * r ORDER BY slot)) AS realised_volatility
FROM within
GROUP BY ALL
HAVING count(*) >= (SELECT least_slots_a_day FROM limits);
COMMENT ON COLUMN realised_volatility.day IS 'UTC day.';
COMMENT ON COLUMN realised_volatility.slots IS 'Slots of that day with a median.';
COMMENT ON COLUMN realised_volatility.realised_volatility IS 'Square root of the day''s summed squared log returns.';
