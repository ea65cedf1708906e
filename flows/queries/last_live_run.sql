-- When the newest live run of $flow that ended had begun; null before the first.
SELECT max(started_at) AS started_at FROM runs ANTI JOIN void_runs USING (run_id) WHERE flow = $flow AND origin = 'live'
