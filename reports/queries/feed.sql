-- The entries of the feed, newest first: free tiers that changed, list prices that moved, incidents. A
-- list price is one on demand of a provider that is not a marketplace; one entry has a GPU's offers together.
WITH list_prices AS (
    SELECT
        price_changes.slot AS happened_at, price_changes.provider,
        gpu_model || coalesce(' ' || gpu_form_factor, '') AS subject,
        count(*) AS offers,
        median(change) AS change,
        min(usd_per_hour_before) AS least_before, min(usd_per_hour) AS least,
        any_value(price_changes.source_url) AS source_url
    FROM price_changes
    JOIN providers_now USING (provider)
    WHERE pricing_model = 'on_demand' AND kind <> 'marketplace'
    GROUP BY ALL
)
SELECT
    changed_at AS happened_at, 'free tier' AS kind, provider, tier || ': ' || term AS subject,
    'was ' || before || ', is ' || after AS summary, source_url, 'free-tiers.html' AS page
FROM free_tier_changes
WHERE standing = 'snapshot'
UNION ALL BY NAME
SELECT
    happened_at, 'price' AS kind, provider, subject,
    format('{} of {} by {:.1f} % (median of {} offers); the least was ${:.2f} an hour and is ${:.2f}',
        if(change < 0, 'fell', 'rose'), subject, abs(100 * change), offers, least_before, least) AS summary,
    source_url, 'providers.html' AS page
FROM list_prices
UNION ALL BY NAME
SELECT DISTINCT slot AS happened_at, 'incident' AS kind, provider, source AS subject, summary, NULL AS source_url, 'quality.html' AS page
FROM incidents
ANTI JOIN void_runs USING (run_id)
ORDER BY happened_at DESC, kind, provider, subject
LIMIT 100
