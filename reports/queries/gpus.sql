-- Every GPU that has ever been offered and is in the catalogue, with where it stands now.
SELECT
    gpu_model, gpu_form_factor, gpu_memory_gib,
    count(DISTINCT provider) FILTER (is_now) AS providers,
    count(*) FILTER (is_now) AS offers,
    min(slot) AS first_slot,
    max(slot) AS last_slot
FROM (SELECT *, slot = max(slot) OVER (PARTITION BY source) AS is_now FROM current_offers)
WHERE gpu_model IS NOT NULL AND gpu_is_known
GROUP BY ALL
ORDER BY gpu_model, gpu_form_factor NULLS LAST, gpu_memory_gib
