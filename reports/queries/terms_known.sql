SELECT coalesce(title, terms_known.provider) AS provider, tier, term, state, value, as_stated, source_url, standing
FROM terms_known
LEFT JOIN providers_now USING (provider)
ORDER BY lower(coalesce(title, terms_known.provider)), tier, term, standing, as_stated, value, source_url
