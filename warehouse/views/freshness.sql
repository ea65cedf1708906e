-- description: Each source's last good slot, newest status and failures since.
-- download: all
--
-- Imported histories and dated facts are left out: they are not read on a schedule, so they cannot be late.
CREATE OR REPLACE VIEW freshness AS
WITH newest AS (
    SELECT *
    FROM valid_scrapes
    WHERE origin = 'snapshot'
    QUALIFY row_number() OVER (PARTITION BY source, slot ORDER BY status IN ('ok', 'partial') DESC, finished_at DESC) = 1
),
good AS (
    SELECT source, max(slot) AS last_good_slot, max_by(rows_accepted, slot) AS rows_last_good
    FROM newest
    WHERE status IN ('ok', 'partial')
    GROUP BY source
)
SELECT
    newest.source,
    any_value(newest.provider) AS provider,
    any_value(good.last_good_slot) AS last_good_slot,
    max_by(newest.status, newest.slot) AS last_status,
    max(newest.slot) AS last_slot,
    arg_max_null(newest.error, newest.slot) AS last_error,
    count(*) FILTER (newest.status NOT IN ('ok', 'partial')
        AND (good.last_good_slot IS NULL OR newest.slot > good.last_good_slot)) AS failures_since,
    any_value(good.rows_last_good) AS rows_last_good
FROM newest
LEFT JOIN good USING (source)
GROUP BY newest.source;
COMMENT ON COLUMN freshness.last_good_slot IS 'The newest slot that was read, wholly or in part.';
COMMENT ON COLUMN freshness.last_status IS 'Status of the newest scrape.';
COMMENT ON COLUMN freshness.last_slot IS 'The newest slot that was tried.';
COMMENT ON COLUMN freshness.last_error IS 'Why the newest scrape was not ok.';
COMMENT ON COLUMN freshness.failures_since IS 'Slots that failed since the last good one.';
COMMENT ON COLUMN freshness.rows_last_good IS 'Rows stored in the last good slot.';
