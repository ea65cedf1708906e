-- Which nights failed, and why?
SELECT slot::DATE AS night, source, status, error
FROM scrapes
ANTI JOIN void_runs USING (run_id)
WHERE status <> 'ok' AND source NOT LIKE 'history:%'
ORDER BY slot, source
