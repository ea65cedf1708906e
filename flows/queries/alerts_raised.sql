-- Alerts that were raised and have not passed since, by rule.
SELECT rule, subject
FROM alerts
ANTI JOIN void_runs USING (run_id)
QUALIFY row_number() OVER (PARTITION BY rule, subject ORDER BY told_at DESC) = 1 AND state = 'raised'
