-- The scrape that stands for each slot of an imported history: of a file that was read twice only the newest reading,
-- and of files that hold the same slot the one that was imported last.
CREATE OR REPLACE VIEW history_scrapes AS
WITH newest AS (
    SELECT *
    FROM scrapes
    ANTI JOIN void_runs USING (run_id)
    WHERE status IN ('ok', 'partial') AND source LIKE 'history:%' AND source <> 'history:facts'
    QUALIFY parser_version = arg_max(parser_version, finished_at) OVER (PARTITION BY source, capture_ids[1])
)
SELECT *
FROM newest
QUALIFY row_number() OVER (PARTITION BY source, slot ORDER BY finished_at DESC, run_id DESC) = 1;
COMMENT ON VIEW history_scrapes IS 'The scrape that stands for each source and slot of imported histories.';
