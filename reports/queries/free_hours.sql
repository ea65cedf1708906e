-- Free GPU hours a week as last known, with the GPUs of the provider's free tiers ("T4 x2" is a T4).
WITH gpus AS (
    SELECT provider, string_split(string_agg(value, ',' ORDER BY tier), ',') AS shown
    FROM terms_known
    WHERE term = 'gpu_models' AND state = 'present' AND tier LIKE 'Free%'
    GROUP BY provider
)
SELECT
    coalesce(title, terms_known.provider) AS provider, tier, try_cast(regexp_extract(value, '[0-9.]+') AS DOUBLE) AS hours,
    list_transform(shown, lambda name: trim(regexp_replace(name, ' x[0-9]+$', ''))) AS models, as_stated, source_url
FROM terms_known
JOIN gpus USING (provider)
LEFT JOIN providers_now USING (provider)
WHERE term = 'weekly_gpu_hours' AND state = 'present'
ORDER BY provider, tier
