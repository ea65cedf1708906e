-- Where the rows of the ledger have come from. An import that was killed has no run yet, and has left rows.
SELECT origin FROM runs ANTI JOIN void_runs USING (run_id)
UNION
SELECT 'imported' FROM origins ANTI JOIN void_runs USING (run_id);
