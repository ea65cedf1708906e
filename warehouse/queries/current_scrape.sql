-- One row for each (source, slot): the scrape that stands for it. An ok or partial scrape stands before
-- any failure, a newer one before an older one.
SELECT source, slot, status, parser_version
FROM scrapes
ANTI JOIN void_runs USING (run_id)
QUALIFY row_number() OVER (
    PARTITION BY source, slot
    ORDER BY status IN ('ok', 'partial') DESC, finished_at DESC, run_id DESC
) = 1
