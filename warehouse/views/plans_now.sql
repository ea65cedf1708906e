-- The plans of each source's newest snapshot.
CREATE OR REPLACE VIEW plans_now AS
SELECT *
FROM current_plans
QUALIFY slot = max(slot) OVER (PARTITION BY source);
COMMENT ON VIEW plans_now IS 'Plans of each source''s newest snapshot.';
