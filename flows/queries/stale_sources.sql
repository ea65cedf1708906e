-- Sources of enabled providers that fail now, or whose last good slot is older than two nights at $now.
SELECT freshness.source, last_good_slot, last_status, last_error
FROM freshness
JOIN providers_now ON providers_now.provider = freshness.provider
WHERE enabled AND status NOT IN ('gone', 'renamed')
    AND (last_status NOT IN ('ok', 'partial') OR last_good_slot < $now::TIMESTAMPTZ - INTERVAL 51 HOUR)
ORDER BY freshness.source
