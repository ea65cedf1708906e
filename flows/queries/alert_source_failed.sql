-- Sources that fail now and have had no good slot for $nights nights, or never had one in as many.
SELECT
    freshness.source AS subject,
    format('{} has failed since {}: {}', source,
        coalesce(strftime(last_good_slot AT TIME ZONE 'UTC', '%Y-%m-%d'), 'its first night'),
        coalesce(last_error, last_status)) AS message,
    'quality.html' AS page
FROM freshness
WHERE last_status NOT IN ('ok', 'partial') AND ($source IS NULL OR source = $source)
    AND (last_slot - last_good_slot >= to_days($nights::INTEGER) OR last_good_slot IS NULL AND failures_since >= $nights)
ORDER BY ALL
