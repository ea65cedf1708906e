SELECT provider, plan, usd_per_month, usd_once, included_units, unit, usd_per_unit, price_as_shown, slot, source_url
FROM plans_now
ORDER BY usd_per_month NULLS LAST, plan
