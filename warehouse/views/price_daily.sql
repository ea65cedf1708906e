-- description: GPU-weighted price percentiles (USD per GPU-hour) by series and day.
-- cache: days by day
-- report: computed once
-- download: all
--
-- S6 by day: the median, over the slots seen that day, of each slot's GPU-weighted percentile. A day without a
-- slot has no row: a gap is never filled.
CREATE OR REPLACE VIEW price_daily AS
SELECT
    provider, source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model,
    slot::DATE AS day,
    count(*) AS slots,
    median(offers) AS offers,
    median(gpus) AS gpus,
    median(p10) AS p10, median(p25) AS p25, median(p50) AS p50, median(p75) AS p75, median(p90) AS p90,
    (median(p75) - median(p25)) / nullif(median(p50), 0) AS spread,
    min(lowest) AS lowest
FROM price_hourly
GROUP BY ALL;
COMMENT ON COLUMN price_daily.day IS 'UTC day.';
COMMENT ON COLUMN price_daily.slots IS 'Slots of that day with a price.';
COMMENT ON COLUMN price_daily.offers IS 'Median number of offers behind a slot.';
COMMENT ON COLUMN price_daily.gpus IS 'Median number of GPUs behind a slot.';
COMMENT ON COLUMN price_daily.p10 IS '10th percentile of the price of one GPU, each GPU counted once; the median of the day''s slots. [USD per GPU-hour]';
COMMENT ON COLUMN price_daily.p25 IS 'Lower quartile of the price of one GPU, each GPU counted once; the median of the day''s slots. [USD per GPU-hour]';
COMMENT ON COLUMN price_daily.p50 IS 'Median of the price of one GPU, each GPU counted once; the median of the day''s slots. [USD per GPU-hour]';
COMMENT ON COLUMN price_daily.p75 IS 'Upper quartile of the price of one GPU, each GPU counted once; the median of the day''s slots. [USD per GPU-hour]';
COMMENT ON COLUMN price_daily.p90 IS '90th percentile of the price of one GPU, each GPU counted once; the median of the day''s slots. [USD per GPU-hour]';
COMMENT ON COLUMN price_daily.spread IS 'How far apart prices are: the interquartile range over the median, (p75 - p25) / p50. [share]';
COMMENT ON COLUMN price_daily.lowest IS 'The lowest price of the day. [USD per GPU-hour]';
