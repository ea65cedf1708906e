-- Every imported file with where its bytes lie and its declared origin, as of its newest import.
WITH read AS (
    SELECT source, capture_ids[1] AS capture_id, parser_version, max(slot) AS slot, max(finished_at) AS finished_at
    FROM valid_scrapes
    WHERE origin <> 'snapshot'
    GROUP BY ALL
)
SELECT origins.source, origins.capture_id, file, part, true_at, warc_file, read.slot, read.finished_at
FROM origins
JOIN captures ON captures.source = origins.source AND captures.capture_id = origins.capture_id
JOIN read
    ON read.source = origins.source AND read.capture_id = origins.capture_id
    AND read.parser_version = origins.parser_version
QUALIFY row_number() OVER (PARTITION BY origins.source, origins.capture_id ORDER BY read.finished_at DESC) = 1
ORDER BY origins.source, file
