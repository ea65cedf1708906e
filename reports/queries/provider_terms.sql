SELECT provider, tier, term, state, value, as_stated, source_url, standing
FROM terms_known
ORDER BY tier, term, provider, standing, as_stated, value, source_url
