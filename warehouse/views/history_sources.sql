-- description: Imported histories with publisher, licence, attribution and their current rows.
-- download: all
--
-- Every imported history: who published it, under which licence, and how much of it is current.
CREATE OR REPLACE VIEW history_sources AS
WITH read_from AS (
    -- A file counts while a scrape of it is left that is not void, whichever run declared its origin.
    SELECT DISTINCT source, capture_ids[1] AS capture_id
    FROM valid_scrapes
    WHERE origin <> 'snapshot'
),
told AS (
    SELECT *
    FROM origins
    SEMI JOIN read_from USING (source, capture_id)
    QUALIFY row_number() OVER (PARTITION BY source, capture_id ORDER BY imported_at DESC) = 1
),
files AS (
    SELECT
        source,
        count(*) AS files, sum(records)::BIGINT AS records, sum(outside)::BIGINT AS outside, sum(blanks)::BIGINT AS blanks
    FROM told
    GROUP BY source
),
newest AS (
    SELECT *
    FROM valid_scrapes
    WHERE origin = 'imported'
    QUALIFY parser_version = arg_max(parser_version, finished_at) OVER (PARTITION BY source, capture_ids[1])
),
counted AS (
    SELECT
        source,
        sum(rows_accepted)::BIGINT AS row_count, sum(rows_quarantined)::BIGINT AS quarantined,
        count(*) FILTER (status = 'ok') AS snapshots,
        min(slot) FILTER (status = 'ok')::DATE AS first_on, max(slot) FILTER (status = 'ok')::DATE AS last_on
    FROM (
        FROM newest
        QUALIFY row_number() OVER (
            PARTITION BY source, slot ORDER BY status = 'ok' DESC, finished_at DESC, run_id DESC
        ) = 1
    )
    GROUP BY source
)
SELECT
    source, title, publisher, licence, licence_url, attribution, url, obtain, note, rows_are,
    files.files, files.records, files.outside, files.blanks, row_count, quarantined, snapshots, first_on, last_on
FROM told
JOIN files USING (source)
LEFT JOIN counted USING (source)
QUALIFY row_number() OVER (PARTITION BY source ORDER BY imported_at DESC) = 1;
COMMENT ON COLUMN history_sources.files IS 'Files that were imported.';
COMMENT ON COLUMN history_sources.row_count IS 'Rows that are current.';
COMMENT ON COLUMN history_sources.quarantined IS 'Rows that were refused.';
COMMENT ON COLUMN history_sources.snapshots IS 'Snapshots with current rows.';
COMMENT ON COLUMN history_sources.first_on IS 'Day of the first snapshot.';
COMMENT ON COLUMN history_sources.last_on IS 'Day of the last snapshot.';
