-- Which rows were refused, and for what reason?
SELECT slot::DATE AS night, source, reason, record->>'machine' AS machine
FROM quarantine
ANTI JOIN void_runs USING (run_id)
WHERE source NOT LIKE 'history:%'
ORDER BY slot, source, reason, machine
LIMIT 10
