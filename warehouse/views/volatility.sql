-- description: Historical volatility (S1, per cent a year) with its sticky-price companion (S4), by series.
-- report: computed once
-- download: all
--
-- S1 historical volatility of the median: r = ln(P_i / P_(i-1)) over adjacent observed slots, dt the days between
-- them, HV = 100 * sqrt(365 * sum(r^2) / sum(dt)) per cent a year. Windows of 7, 30 and 90 days end at the series'
-- source's newest slot. Under limits.least_returns a figure is suppressed and says so: a 7-day window of
-- nightly data cannot reach it and is published for hourly sources alone.
-- S4 stands beside it, because list prices are steps: the share of observations with a change, the implied spell
-- -1 / ln(1 - f) in observations, and the mean absolute log change given a change.
-- Over all that is observed: S3 EWMA volatility, v_t = d v_(t-1) + (1 - d) r_t^2 from v_1 = r_1^2 with d =
-- limits.ewma_decay, put to a year by the mean dt; S5 price velocity; the robust volatility limits.scaled_mad * MAD(r) of
-- S6; S7 drawdown and run-up.
-- Sums are taken in the order of slots, so that they come out the same to the last digit on any number of threads.
CREATE OR REPLACE VIEW volatility AS
WITH seen AS (
    SELECT
        provider, source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, slot, p50,
        lag(p50) OVER series AS before,
        ln(p50 / lag(p50) OVER series) AS r,
        date_diff('second', lag(slot) OVER series, slot) / 86400.0 AS dt,
        row_number() OVER series - 1 AS place,
        count(*) OVER (
            PARTITION BY provider, source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model
        ) - 1 AS places,
        1 - p50 / max(p50) OVER (series ROWS UNBOUNDED PRECEDING) AS under_peak,
        p50 / min(p50) OVER (series ROWS UNBOUNDED PRECEDING) - 1 AS over_trough,
        max(slot) OVER (PARTITION BY source) AS newest
    FROM price_hourly
    WINDOW series AS (
        PARTITION BY provider, source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model ORDER BY slot
    )
),
measured AS (
    SELECT
        provider, source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model,
        count(r) FILTER (slot > newest - INTERVAL 7 DAY) AS n7,
        count(r) FILTER (slot > newest - INTERVAL 30 DAY) AS n30,
        count(r) FILTER (slot > newest - INTERVAL 90 DAY) AS n90,
        100 * sqrt(365 * sum(r * r ORDER BY slot) FILTER (slot > newest - INTERVAL 7 DAY)
            / sum(dt ORDER BY slot) FILTER (slot > newest - INTERVAL 7 DAY)) AS hv7,
        100 * sqrt(365 * sum(r * r ORDER BY slot) FILTER (slot > newest - INTERVAL 30 DAY)
            / sum(dt ORDER BY slot) FILTER (slot > newest - INTERVAL 30 DAY)) AS hv30,
        100 * sqrt(365 * sum(r * r ORDER BY slot) FILTER (slot > newest - INTERVAL 90 DAY)
            / sum(dt ORDER BY slot) FILTER (slot > newest - INTERVAL 90 DAY)) AS hv90,
        100 * sqrt(
            365 / avg(dt ORDER BY slot) * sum(
                r * r * if(place = 1, 1, 1 - ewma_decay) * pow(ewma_decay, places - place) ORDER BY slot
            )
        ) AS ewma,
        any_value(scaled_mad) * mad(r) AS robust,
        avg(abs(p50 - before) ORDER BY slot) / avg(p50 ORDER BY slot) / avg(dt ORDER BY slot) AS velocity,
        count(*) AS observations,
        count(r) AS returns,
        count(r) FILTER (r <> 0) / nullif(count(r), 0) AS change_share,
        count(r) FILTER (r > 0) / nullif(count(r), 0) AS up_share,
        count(r) FILTER (r < 0) / nullif(count(r), 0) AS down_share,
        avg(abs(r) ORDER BY slot) FILTER (r <> 0) AS mean_abs_log_change,
        avg(dt ORDER BY slot) AS days_between,
        max(under_peak) AS max_drawdown,
        max(over_trough) AS max_run_up,
        max(slot) AS last_slot,
        max_by(p50, slot) AS median_now
    FROM seen
    CROSS JOIN limits
    GROUP BY ALL
)
SELECT
    provider, source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model,
    CASE WHEN n7 >= least_returns THEN hv7 END AS hv7,
    CASE WHEN n30 >= least_returns THEN hv30 END AS hv30,
    CASE WHEN n90 >= least_returns THEN hv90 END AS hv90,
    n7, n30, n90,
    CASE WHEN n7 < least_returns THEN format('insufficient data: {} returns, {} needed', n7, least_returns) END AS suppressed7,
    CASE WHEN n30 < least_returns THEN format('insufficient data: {} returns, {} needed', n30, least_returns) END AS suppressed30,
    CASE WHEN n90 < least_returns THEN format('insufficient data: {} returns, {} needed', n90, least_returns) END AS suppressed90,
    CASE WHEN returns >= least_returns THEN ewma END AS ewma_volatility,
    CASE WHEN returns >= least_returns THEN robust END AS robust_volatility,
    velocity,
    change_share, up_share, down_share,
    CASE WHEN change_share > 0 AND change_share < 1 THEN -1 / ln(1 - change_share) * days_between END
        AS implied_spell_days,
    mean_abs_log_change,
    max_drawdown, max_run_up,
    observations, returns,
    last_slot,
    median_now
FROM measured
CROSS JOIN limits;
COMMENT ON COLUMN volatility.hv7 IS 'Historical volatility of the last 7 days; null where returns are too few. [% a year]';
COMMENT ON COLUMN volatility.hv30 IS 'Historical volatility of the last 30 days; null where returns are too few. [% a year]';
COMMENT ON COLUMN volatility.hv90 IS 'Historical volatility of the last 90 days; null where returns are too few. [% a year]';
COMMENT ON COLUMN volatility.n7 IS 'Returns in the last 7 days.';
COMMENT ON COLUMN volatility.n30 IS 'Returns in the last 30 days.';
COMMENT ON COLUMN volatility.n90 IS 'Returns in the last 90 days.';
COMMENT ON COLUMN volatility.suppressed7 IS 'Why hv7 is null.';
COMMENT ON COLUMN volatility.suppressed30 IS 'Why hv30 is null.';
COMMENT ON COLUMN volatility.suppressed90 IS 'Why hv90 is null.';
COMMENT ON COLUMN volatility.ewma_volatility IS 'Exponentially weighted volatility, decay limits.ewma_decay a slot; null where returns are too few. [% a year]';
COMMENT ON COLUMN volatility.robust_volatility IS 'Scaled median absolute deviation of the log returns; null where they are too few. [per slot]';
COMMENT ON COLUMN volatility.velocity IS 'Mean absolute change of the median over its mean. [share a day]';
COMMENT ON COLUMN volatility.change_share IS 'Share of slots in which the median was another than before. [share]';
COMMENT ON COLUMN volatility.up_share IS 'Share of slots in which it was higher. [share]';
COMMENT ON COLUMN volatility.down_share IS 'Share of slots in which it was lower. [share]';
COMMENT ON COLUMN volatility.implied_spell_days IS 'How long a price holds by change_share; null where it never or always changes. [days]';
COMMENT ON COLUMN volatility.mean_abs_log_change IS 'Mean absolute log change, of the slots with a change.';
COMMENT ON COLUMN volatility.max_drawdown IS 'Largest fall of the median under its highest value so far. [share]';
COMMENT ON COLUMN volatility.max_run_up IS 'Largest rise of the median over its lowest value so far. [share]';
COMMENT ON COLUMN volatility.observations IS 'Slots with a median.';
COMMENT ON COLUMN volatility.returns IS 'Returns between adjacent observed slots.';
COMMENT ON COLUMN volatility.last_slot IS 'The newest slot of the series.';
COMMENT ON COLUMN volatility.median_now IS 'Its median in that slot. [USD per GPU-hour]';
