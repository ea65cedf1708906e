-- description: The limits of the published statistics: one row, a column for each.
--
-- Generated: `make docs` writes this file from warehouse/limits.py.
CREATE OR REPLACE VIEW limits AS
SELECT
    20 AS least_returns,
    6 AS least_slots_a_day,
    0.94 AS ewma_decay,
    1.4826 AS scaled_mad,
    1.5 AS adjacent_within,
    30 AS least_starts,
    5 AS least_matches,
    0.5 AS least_match_share,
    14 AS geks_days,
    60 AS least_hedonic_offers,
    10 AS least_hedonic_hosts,
    3 AS least_venues,
    2.5 AS outlier_mads,
    0.2 AS fix_trim,
    0.05 AS deal_within,
    35 AS least_deal_days;
COMMENT ON COLUMN limits.least_returns IS 'Fewer give no volatility. [returns]';
COMMENT ON COLUMN limits.least_slots_a_day IS 'Fewer in a UTC day give no realised volatility. [slots]';
COMMENT ON COLUMN limits.ewma_decay IS 'Weight of the former variance a slot. [share]';
COMMENT ON COLUMN limits.scaled_mad IS 'Median absolute deviation to standard deviation, for a normal distribution. [factor]';
COMMENT ON COLUMN limits.adjacent_within IS 'Snapshots further apart than this many usual distances are not adjacent. [factor]';
COMMENT ON COLUMN limits.least_starts IS 'Fewer give no survival of a bid. [starts]';
COMMENT ON COLUMN limits.least_matches IS 'Fewer on both days give no index. [offers]';
COMMENT ON COLUMN limits.least_match_share IS 'A smaller part of the offers of either day that is on both gives no index. [share]';
COMMENT ON COLUMN limits.geks_days IS 'Length of the rolling window. [days]';
COMMENT ON COLUMN limits.least_hedonic_offers IS 'Fewer on two days give no hedonic index. [offers]';
COMMENT ON COLUMN limits.least_hedonic_hosts IS 'Fewer on two days give no hedonic index. [hosts]';
COMMENT ON COLUMN limits.least_venues IS 'Fewer give no fix. [providers]';
COMMENT ON COLUMN limits.outlier_mads IS 'A provider further than this from the median is not in the fix. [scaled MAD]';
COMMENT ON COLUMN limits.fix_trim IS 'Part of the providers trimmed at each end of the fix. [share]';
COMMENT ON COLUMN limits.deal_within IS 'A deal is at most this much over the lowest price. [share]';
COMMENT ON COLUMN limits.least_deal_days IS 'Fewer days of history give no deal. [days]';
