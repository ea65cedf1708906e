SELECT changed_at, provider, tier, term, before, after, quote_before, quote, source_url
FROM free_tier_changes
ORDER BY changed_at DESC, provider, tier, term
