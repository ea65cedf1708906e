SELECT
    provider, title, kind, status, enabled, since, what_happened, why_disabled, homepage, evidence
FROM providers_now
ORDER BY lower(title)
