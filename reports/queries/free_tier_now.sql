SELECT provider, tier, term, value, state, quote, slot, still_on_page, source_url
FROM free_tier_now
ORDER BY provider, tier, term, source_url, quote
