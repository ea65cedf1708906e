SELECT slot::DATE AS day, source, arg_max(status, (status IN ('ok', 'partial'), finished_at)) AS status
FROM valid_scrapes
WHERE origin = 'snapshot'
GROUP BY ALL
ORDER BY day DESC, source
LIMIT 1000
