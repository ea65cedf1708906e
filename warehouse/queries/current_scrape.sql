-- One row for each (source, slot): its current scrape. An ok or partial scrape is preferred to a
-- failure, a newer one to an older one.
SELECT source, slot, status, parser_version
FROM scrapes
ANTI JOIN void_runs USING (run_id)
QUALIFY row_number() OVER (
    PARTITION BY source, slot
    ORDER BY status IN ('ok', 'partial') DESC, finished_at DESC, run_id DESC
) = 1
