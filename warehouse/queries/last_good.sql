-- Rows by table of the newest ok scrape of $source before $before.
WITH good AS (
    SELECT run_id, source, slot
    FROM scrapes
    ANTI JOIN void_runs USING (run_id)
    WHERE source = $source AND slot < $before AND status = 'ok'
    ORDER BY slot DESC, finished_at DESC
    LIMIT 1
)
SELECT 'offers' AS table_name, count(*) AS row_count FROM offers SEMI JOIN good USING (run_id, source, slot)
UNION ALL
SELECT 'plans', count(*) FROM plans SEMI JOIN good USING (run_id, source, slot)
UNION ALL
SELECT 'terms', count(*) FROM terms SEMI JOIN good USING (run_id, source, slot)
