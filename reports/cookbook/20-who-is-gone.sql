-- Which services are gone, since when, and which page says so?
SELECT title, status, since, what_happened, evidence
FROM providers_now
WHERE status <> 'active'
ORDER BY since NULLS LAST, title
