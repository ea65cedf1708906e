-- description: Plans of each source's newest snapshot.
-- download: all
CREATE OR REPLACE VIEW plans_now AS
SELECT *
FROM current_plans
QUALIFY slot = max(slot) OVER (PARTITION BY source);
