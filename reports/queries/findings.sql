-- The newest findings of snapshots.
SELECT slot, source, kind, subject, detail, times
FROM findings
JOIN valid_scrapes USING (run_id, source, slot)
WHERE origin = 'snapshot'
ORDER BY slot DESC, source, kind, subject
LIMIT 100
