-- description: Every provider with its status, what became of it, and the source of that statement.
--
-- The registry as it was declared last.
CREATE OR REPLACE VIEW providers_now AS
SELECT * EXCLUDE (run_id)
FROM providers
ANTI JOIN void_runs USING (run_id)
QUALIFY row_number() OVER (PARTITION BY provider ORDER BY declared_at DESC) = 1;
