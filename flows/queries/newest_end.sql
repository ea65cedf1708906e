-- The newest end of a run that is not void. A run that was killed has scrapes and no row of its own.
SELECT run_id, finished_at
FROM (SELECT run_id, finished_at FROM runs UNION ALL SELECT run_id, finished_at FROM scrapes)
ANTI JOIN void_runs USING (run_id)
ORDER BY finished_at DESC, run_id DESC
LIMIT 1
