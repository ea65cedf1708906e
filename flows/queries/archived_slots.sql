-- The archive of every slot of $source since $since: the newest file, should a slot have been fetched twice.
SELECT slot, max_by(warc_file, fetched_at) AS warc_file
FROM captures
ANTI JOIN void_runs USING (run_id)
WHERE source = $source AND slot >= $since
GROUP BY slot
ORDER BY slot
