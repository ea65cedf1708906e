-- Which rows were refused, and for what reason?
SELECT slot::DATE AS night, source, reason, record->>'machine' AS machine
FROM quarantine
WHERE source NOT LIKE 'history:%'
ORDER BY slot, source, reason, machine
LIMIT 10
