-- description: Prices of one GPU by day and imported source: long runs, never mixed with our own snapshots.
-- download: all
--
-- Long runs: the price of one GPU by day, imported source, provider and way of selling. Percentiles are over offers, each
-- counted once: no data set says how many GPUs an offer has. In a data set of changes an offer is valid from its row until
-- the next row of its key, so every day on which anything changed is counted whole. Statistics that others have computed
-- are taken as published; of those, the ones over one number of GPUs only are left to history_statistics. Reserved
-- prices are of one year or of three, which only their keys tell: they are left to history_offers.
CREATE OR REPLACE VIEW history_daily AS
WITH days AS (
    SELECT source, slot::DATE AS day, max(slot) AS slot
    FROM history_scrapes
    GROUP BY ALL
),
changes AS (
    SELECT DISTINCT source FROM history_sources WHERE rows_are = 'changes'
),
spans AS (
    SELECT
        provider, source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, availability, usd_per_gpu_hour, slot,
        lead(slot) OVER (PARTITION BY source, offer_key, pricing_model ORDER BY slot) AS until
    FROM history_offers
    SEMI JOIN changes USING (source)
),
valid AS (
    SELECT spans.* EXCLUDE (slot, until), days.slot
    FROM spans
    JOIN days ON days.source = spans.source AND days.slot >= spans.slot AND (spans.until IS NULL OR days.slot < spans.until)
    UNION ALL BY NAME
    SELECT
        provider, source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, availability, usd_per_gpu_hour, slot
    FROM history_offers
    ANTI JOIN changes USING (source)
),
by_slot AS (
    SELECT
        provider, source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, slot,
        count(*) AS offers,
        quantile_disc(usd_per_gpu_hour, 0.10) AS p10,
        quantile_disc(usd_per_gpu_hour, 0.50) AS p50,
        quantile_disc(usd_per_gpu_hour, 0.90) AS p90,
        min(usd_per_gpu_hour) AS lowest
    FROM valid
    WHERE gpu_model IS NOT NULL AND usd_per_gpu_hour IS NOT NULL AND availability <> 'unavailable'
        AND pricing_model <> 'reserved'
    GROUP BY ALL
    UNION ALL BY NAME
    SELECT
        provider, source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, slot,
        sum(offers)::BIGINT AS offers, median(p10) AS p10, median(coalesce(p50, mean)) AS p50, median(p90) AS p90,
        min(lowest) AS lowest
    FROM history_statistics
    WHERE gpu_model IS NOT NULL AND pricing_model <> 'reserved' AND scope IS DISTINCT FROM 'gpu count'
    GROUP BY ALL
)
SELECT
    provider, source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, slot::DATE AS day,
    count(*) AS slots, median(offers) AS offers,
    median(p10) AS p10, median(p50) AS p50, median(p90) AS p90, min(lowest) AS lowest
FROM by_slot
GROUP BY ALL;
COMMENT ON COLUMN history_daily.day IS 'UTC day.';
COMMENT ON COLUMN history_daily.slots IS 'Snapshots of that day.';
COMMENT ON COLUMN history_daily.offers IS 'Median number of offers behind a snapshot.';
COMMENT ON COLUMN history_daily.p10 IS '10th percentile over the offers; the median of the day''s snapshots. [USD per GPU-hour]';
COMMENT ON COLUMN history_daily.p50 IS 'Median over the offers, or the mean where only that is published. [USD per GPU-hour]';
COMMENT ON COLUMN history_daily.p90 IS '90th percentile over the offers; the median of the day''s snapshots. [USD per GPU-hour]';
COMMENT ON COLUMN history_daily.lowest IS 'The lowest price of the day. [USD per GPU-hour]';
