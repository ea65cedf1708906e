-- What does a plan cost, and what does one of its units?
SELECT provider, plan, usd_per_month, included_units, unit, usd_per_month / nullif(included_units, 0) AS usd_per_unit
FROM plans_now
ORDER BY provider, usd_per_month, plan
