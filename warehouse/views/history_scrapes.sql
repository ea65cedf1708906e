-- description: The current scrape of each source and slot of imported histories.
--
-- Of a file that was parsed twice only the newest parse counts, and of files that hold the same slot the one that was
-- imported last.
CREATE OR REPLACE VIEW history_scrapes AS
WITH newest AS (
    SELECT *
    FROM valid_scrapes
    WHERE status IN ('ok', 'partial') AND origin = 'imported'
    QUALIFY parser_version = arg_max(parser_version, finished_at) OVER (PARTITION BY source, capture_ids[1])
)
SELECT *
FROM newest
QUALIFY row_number() OVER (PARTITION BY source, slot ORDER BY finished_at DESC, run_id DESC) = 1;
COMMENT ON COLUMN history_scrapes.origin IS 'imported (a public history).';
