-- Units that an hour takes of a GPU, as stated last: by model, and by memory where the statement gives it.
SELECT
    provider AS provider_id, gpu_model, try_cast(regexp_extract(gpu_as_stated, '(\d+) ?GB', 1) AS DOUBLE) AS gpu_memory_gib,
    value_number AS units_per_hour, observed_as_stated, origin
FROM current_observations
WHERE term = 'units_per_hour' AND gpu_model IS NOT NULL AND value_number > 0
QUALIFY row_number() OVER (
    PARTITION BY provider, gpu_model, gpu_memory_gib ORDER BY observed_on DESC, observed_as_stated DESC
) = 1
ORDER BY ALL
