-- Which rows were refused, and for what reason?
SELECT slot::DATE AS night, source, reason, record->>'machine' AS machine
FROM quarantine
WHERE source NOT LIKE 'history:%'
ORDER BY slot
LIMIT 10
