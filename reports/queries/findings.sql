-- The newest findings of our own sources.
SELECT slot, source, kind, subject, detail, times
FROM findings
ANTI JOIN void_runs USING (run_id)
WHERE source NOT LIKE 'history:%'
ORDER BY slot DESC, source, kind, subject
LIMIT 100
