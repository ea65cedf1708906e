-- What the ledger has read from each provider: how things are sold at a known price, whether availability is stated, plans
-- and terms.
SELECT
    provider,
    coalesce(bool_or(is_priced AND pricing_model = 'on_demand'), false) AS on_demand,
    coalesce(bool_or(is_priced AND pricing_model IN ('spot', 'interruptible')), false) AS spot,
    coalesce(bool_or(is_priced AND pricing_model = 'reserved'), false) AS reserved,
    coalesce(bool_or(availability <> 'unknown'), false) AS availability,
    coalesce(bool_or(is_plan), false) AS plans,
    coalesce(bool_or(is_term), false) AS terms
FROM (
    SELECT DISTINCT provider, pricing_model, availability, usd_per_gpu_hour IS NOT NULL AS is_priced FROM current_offers
    UNION ALL BY NAME
    SELECT DISTINCT provider, true AS is_plan FROM current_plans
    UNION ALL BY NAME
    SELECT DISTINCT provider, true AS is_term FROM current_terms WHERE tier <> 'service' AND state <> 'unknown'
)
GROUP BY provider;
