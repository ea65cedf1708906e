-- The registry as it stands.
SELECT * EXCLUDE (declared_at)
FROM providers_now
