-- How many imports of $capture_id for $source by $version are complete: a run is stored when it ends.
SELECT count(*) AS times
FROM runs
JOIN scrapes USING (run_id)
ANTI JOIN void_runs USING (run_id)
WHERE flow = 'import' AND source = $source AND parser_version = $version AND capture_ids[1] = $capture_id
