-- Prices of a GPU-hour that dated facts state, by the catalogue's model where it is known.
SELECT
    gpu_model, coalesce(title, provider) AS provider, subject, pricing_model, value_number, currency, observed_as_stated,
    standing, origin, observed_on
FROM current_observations
LEFT JOIN providers_now USING (provider)
WHERE term IN ('usd_per_hour', 'usd_per_gpu_hour') AND gpu_model IS NOT NULL AND value_number IS NOT NULL
ORDER BY observed_on, provider, subject
