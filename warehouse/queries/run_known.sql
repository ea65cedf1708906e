-- What the ledger knows of the run $run_id, and whether it is void.
SELECT
    (SELECT count(*) > 0 FROM runs WHERE run_id = $run_id) AS is_run,
    (SELECT count(*) FROM scrapes WHERE run_id = $run_id) AS scrapes,
    (SELECT any_value(voided_at) AT TIME ZONE 'UTC' FROM void_runs WHERE run_id = $run_id) AS voided_at,
    (SELECT any_value(reason) FROM void_runs WHERE run_id = $run_id) AS void_reason
