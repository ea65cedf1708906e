-- The registry as last declared.
SELECT * EXCLUDE (declared_at)
FROM providers_now
