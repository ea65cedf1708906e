SELECT provider, as_stated, tier, term, before, after, is_change, quote, source_url, standing
FROM free_tier_history
WHERE is_change OR standing <> 'snapshot'
ORDER BY stated_at DESC, tier, term, provider, source_url, quote
