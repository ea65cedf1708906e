-- The scrape that stands for each source and slot: a correction by replay replaces what it corrects.
CREATE OR REPLACE VIEW current_scrapes AS
SELECT *
FROM scrapes
WHERE status IN ('ok', 'partial')
QUALIFY row_number() OVER (PARTITION BY source, slot ORDER BY finished_at DESC, run_id DESC) = 1;
COMMENT ON VIEW current_scrapes IS 'The scrape that stands for each source and slot; corrections replace what they correct.';
