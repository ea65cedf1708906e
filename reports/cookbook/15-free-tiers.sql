-- What do free tiers give today?
SELECT provider, tier, term, value, as_stated
FROM terms_known
WHERE tier LIKE 'Free%'
ORDER BY provider, tier, term
LIMIT 20
