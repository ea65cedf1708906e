-- Which nights failed, and why?
SELECT slot::DATE AS night, source, status, error
FROM scrapes
WHERE status <> 'ok'
ORDER BY slot
