-- S1 historical volatility of the daily median: r = ln(P_i / P_(i-1)) over adjacent observed days, dt the days
-- between them, HV = 100 * sqrt(365 * sum(r^2) / sum(dt)) per cent a year. Windows of 7, 30 and 90 days end at the
-- series' source's newest day. Under 20 returns a figure is suppressed and says so: a 7-day window of nightly data
-- cannot reach 20 and is published for hourly sources alone.
-- S4 stands beside it, because list prices are steps: the share of observations with a change, the implied spell
-- -1 / ln(1 - f) in observations, and the mean absolute log change given a change.
CREATE OR REPLACE VIEW volatility AS
WITH seen AS (
    SELECT
        provider, source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, slot, p50,
        ln(p50 / lag(p50) OVER series) AS r,
        date_diff('second', lag(slot) OVER series, slot) / 86400.0 AS dt,
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
        100 * sqrt(365 * sum(r * r) FILTER (slot > newest - INTERVAL 7 DAY)
            / sum(dt) FILTER (slot > newest - INTERVAL 7 DAY)) AS hv7,
        100 * sqrt(365 * sum(r * r) FILTER (slot > newest - INTERVAL 30 DAY)
            / sum(dt) FILTER (slot > newest - INTERVAL 30 DAY)) AS hv30,
        100 * sqrt(365 * sum(r * r) FILTER (slot > newest - INTERVAL 90 DAY)
            / sum(dt) FILTER (slot > newest - INTERVAL 90 DAY)) AS hv90,
        count(*) AS observations,
        count(r) FILTER (r <> 0) / nullif(count(r), 0) AS change_share,
        avg(abs(r)) FILTER (r <> 0) AS mean_abs_log_change,
        avg(dt) AS days_between,
        max(slot) AS last_slot,
        max_by(p50, slot) AS median_now
    FROM seen
    GROUP BY ALL
)
SELECT
    provider, source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model,
    CASE WHEN n7 >= 20 THEN hv7 END AS hv7,
    CASE WHEN n30 >= 20 THEN hv30 END AS hv30,
    CASE WHEN n90 >= 20 THEN hv90 END AS hv90,
    n7, n30, n90,
    CASE WHEN n7 < 20 THEN format('insufficient data: {} returns, 20 needed', n7) END AS suppressed7,
    CASE WHEN n30 < 20 THEN format('insufficient data: {} returns, 20 needed', n30) END AS suppressed30,
    CASE WHEN n90 < 20 THEN format('insufficient data: {} returns, 20 needed', n90) END AS suppressed90,
    change_share,
    CASE WHEN change_share > 0 AND change_share < 1 THEN -1 / ln(1 - change_share) * days_between END
        AS implied_spell_days,
    mean_abs_log_change,
    observations,
    last_slot,
    median_now
FROM measured;
COMMENT ON VIEW volatility IS 'Historical volatility (S1, per cent a year) with its sticky-price companion (S4), by series.';
