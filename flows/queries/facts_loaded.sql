-- The version of the facts that were loaded last.
SELECT parser_version
FROM scrapes
ANTI JOIN void_runs USING (run_id)
WHERE source = $source AND status = 'ok'
ORDER BY finished_at DESC
LIMIT 1
