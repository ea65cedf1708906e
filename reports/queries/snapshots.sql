SELECT slot::DATE AS day, source, arg_max(status, (status IN ('ok', 'partial'), finished_at)) AS status
FROM scrapes
ANTI JOIN void_runs USING (run_id)
WHERE source NOT LIKE 'history:%'
GROUP BY ALL
ORDER BY day DESC, source
LIMIT 1000
