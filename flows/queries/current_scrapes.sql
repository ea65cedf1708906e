-- Every current scrape, and where its captures lie: the newest file, should a slot have been fetched twice.
SELECT
    source, slot, any_value(finished_at) AS finished_at, max_by(warc_file, fetched_at) AS warc_file,
    count(DISTINCT capture_id) AS captures
FROM current_scrapes
LEFT JOIN (FROM captures ANTI JOIN void_runs USING (run_id)) AS captures USING (source, slot)
GROUP BY source, slot
ORDER BY slot, source
