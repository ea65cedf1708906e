-- Plans whose units buy hours, with what a further unit costs at the same provider.
SELECT
    coalesce(title, plans_now.provider) AS provider, plans_now.provider AS provider_id, plan,
    usd_per_month, included_units, unit, source_url,
    min(usd_per_unit) OVER (PARTITION BY plans_now.provider) AS usd_per_unit
FROM plans_now
LEFT JOIN providers_now USING (provider)
WHERE unit = 'compute units'
QUALIFY usd_per_month IS NOT NULL
ORDER BY provider, usd_per_month
