-- What every slot of the imported $source has been read from, and by which version of mapping and code.
SELECT slot, parser_version, capture_ids[1] AS capture_id, status
FROM scrapes
ANTI JOIN void_runs USING (run_id)
WHERE source = $source
