-- Which rows are in quarantine, and for what reason?
SELECT slot::DATE AS day, source, reason, record->>'machine' AS machine
FROM quarantine
JOIN valid_scrapes USING (run_id, source, slot)
WHERE origin = 'snapshot'
ORDER BY slot, source, reason, machine
LIMIT 10
