-- What imported histories say of free tiers and credits, newest first.
SELECT observed_on, provider, source, subject, term, state, coalesce(value_text, format('{:g}', value_number)) AS said, currency, origin
FROM history_observations
WHERE term IN ('statement', 'credit_usd', 'usd_per_month') AND (value_text IS NOT NULL OR value_number IS NOT NULL)
ORDER BY observed_on DESC, source, provider, subject, said
LIMIT 80
