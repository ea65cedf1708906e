-- The scrape that stands for each source and slot: a correction by replay replaces what it corrects. Histories that
-- others have published are no snapshots of this ledger's own: they stand in history_scrapes, and nowhere else. Runs that were
-- declared void count for nothing.
CREATE OR REPLACE VIEW current_scrapes AS
SELECT *
FROM scrapes
ANTI JOIN void_runs USING (run_id)
WHERE status IN ('ok', 'partial') AND (source NOT LIKE 'history:%' OR source = 'history:facts')
QUALIFY row_number() OVER (PARTITION BY source, slot ORDER BY finished_at DESC, run_id DESC) = 1;
COMMENT ON VIEW current_scrapes IS 'The scrape that stands for each source and slot; corrections replace what they correct.';
