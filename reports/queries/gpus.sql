-- Every GPU that has ever been offered and is in the catalogue, with its current figures.
WITH seen AS (
    SELECT gpu_model, gpu_form_factor, gpu_memory_gib, min(first_slot) AS first_slot, max(last_slot) AS last_slot
    FROM listed_daily
    WHERE gpu_is_known
    GROUP BY ALL
),
now AS (
    SELECT gpu_model, gpu_form_factor, gpu_memory_gib, count(DISTINCT provider) AS providers, count(*) AS offers
    FROM latest_offers
    WHERE gpu_is_known
    GROUP BY ALL
)
SELECT
    seen.gpu_model, seen.gpu_form_factor, seen.gpu_memory_gib,
    coalesce(now.providers, 0) AS providers,
    coalesce(now.offers, 0) AS offers,
    seen.first_slot, seen.last_slot
FROM seen
LEFT JOIN now
    ON now.gpu_model = seen.gpu_model
    AND now.gpu_form_factor IS NOT DISTINCT FROM seen.gpu_form_factor
    AND now.gpu_memory_gib IS NOT DISTINCT FROM seen.gpu_memory_gib
ORDER BY seen.gpu_model, seen.gpu_form_factor NULLS LAST, seen.gpu_memory_gib
