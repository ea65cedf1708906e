-- Every statement, newest first; the first one of a term has nothing before it.
SELECT
    stated_at, as_stated, coalesce(title, free_tier_history.provider) AS provider, tier, term, before, after, is_change,
    quote_before, quote, source_url, standing
FROM free_tier_history
LEFT JOIN providers_now USING (provider)
WHERE is_change OR standing <> 'snapshot'
ORDER BY stated_at DESC, provider, tier, term, source_url, quote
