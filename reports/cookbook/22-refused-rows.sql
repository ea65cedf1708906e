-- Which rows were refused, and for what reason?
SELECT slot::DATE AS night, source, reason, record->>'machine' AS machine
FROM quarantine
ORDER BY slot
LIMIT 10
