-- The void runs, newest first, with what each had stored.
SELECT
    void_runs.run_id,
    any_value(runs.flow) AS flow,
    any_value(void_runs.voided_at) AS voided_at,
    any_value(void_runs.reason) AS reason,
    count(scrapes.slot) AS scrapes,
    min(scrapes.slot) AS first_slot,
    max(scrapes.slot) AS last_slot
FROM void_runs
LEFT JOIN runs USING (run_id)
LEFT JOIN scrapes USING (run_id)
GROUP BY void_runs.run_id
ORDER BY any_value(void_runs.voided_at) DESC, void_runs.run_id
