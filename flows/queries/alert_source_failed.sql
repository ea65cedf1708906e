-- Sources that fail now and have failed in at least $slots slots of their own cadence since their last good one, or since
-- their first where none was good. $hourly are the sources with a slot every hour; the others have one a night.
WITH failing AS (
    SELECT *, list_contains($hourly::VARCHAR[], source) AS is_hourly
    FROM freshness
    WHERE last_status NOT IN ('ok', 'partial') AND failures_since >= $slots AND ($source IS NULL OR source = $source)
)
SELECT
    source AS subject,
    format('{} has failed since {}: {} ({} {}{} without a good snapshot)', source,
        coalesce(
            strftime(last_good_slot AT TIME ZONE 'UTC', '%Y-%m-%d')
                || if(is_hourly, strftime(last_good_slot AT TIME ZONE 'UTC', ' %H:%MZ'), ''),
            'its first slot'
        ),
        coalesce(last_error, last_status), failures_since, if(is_hourly, 'hour', 'night'), if(failures_since = 1, '', 's')
    ) AS message,
    'quality.html' AS page
FROM failing
ORDER BY ALL
