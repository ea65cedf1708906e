-- What the newest day changed, in figures: prices that moved against the snapshot before, listings that entered and left,
-- free tiers that changed, incidents.
WITH newest AS (
    SELECT max(slot)::DATE AS day
    FROM current_scrapes
    WHERE origin = 'snapshot'
)
SELECT
    newest.day,
    (SELECT count(*) FROM price_changes WHERE slot::DATE = newest.day AND change < 0) AS fell,
    (SELECT count(*) FROM price_changes WHERE slot::DATE = newest.day AND change > 0) AS rose,
    (SELECT sum(entered)::BIGINT FROM listing_churn WHERE slot::DATE = newest.day) AS entered,
    (SELECT sum(left_market)::BIGINT FROM listing_churn WHERE slot::DATE = newest.day) AS left_market,
    (SELECT count(*) FROM free_tier_changes WHERE standing = 'snapshot' AND changed_at::DATE = newest.day) AS terms,
    (SELECT count(*) FROM incidents ANTI JOIN void_runs USING (run_id) WHERE slot::DATE = newest.day) AS incidents
FROM newest
