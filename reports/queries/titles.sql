SELECT provider, title FROM providers_now ORDER BY provider
