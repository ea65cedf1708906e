-- Changes of free tiers that snapshots have shown in the three days before $now. Each is an event of its own.
SELECT
    concat_ws(' ', provider, tier, term, changed_at) AS subject,
    format('{}, {}: {} was {} and is {}', provider, tier, term, before, after) AS message,
    'free-tiers.html' AS page
FROM free_tier_changes
WHERE standing = 'snapshot' AND changed_at > $now::TIMESTAMPTZ - INTERVAL 3 DAY
    AND ($provider IS NULL OR provider = $provider)
ORDER BY ALL
