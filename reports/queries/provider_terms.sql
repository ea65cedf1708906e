SELECT provider, tier, term, state, value, as_stated, source_url, standing
FROM terms_known
ORDER BY tier, term
