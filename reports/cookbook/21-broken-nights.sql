-- Which slots failed, and why?
SELECT slot::DATE AS day, source, status, error
FROM valid_scrapes
WHERE status <> 'ok' AND origin = 'snapshot'
ORDER BY slot, source
