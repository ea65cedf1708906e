-- The steps of list prices in imported histories: what a GPU's offers on demand did together at a provider on a day, where
-- they moved by a tenth or more. A price that has done so more than six times in a history is not a list price, and is left out.
WITH steps AS (
    SELECT
        slot::DATE AS day, provider, source, gpu_model, gpu_form_factor, gpu_memory_gib,
        count(*) AS offers, median(change) AS change,
        median(usd_per_gpu_hour_before) AS before, median(usd_per_gpu_hour) AS after,
        max(slot_before)::DATE AS day_before
    FROM history_changes
    WHERE pricing_model = 'on_demand' AND gpu_model IS NOT NULL
    GROUP BY ALL
    HAVING abs(median(change)) >= 0.1
)
FROM steps
QUALIFY count(*) OVER (PARTITION BY source, provider, gpu_model, gpu_form_factor, gpu_memory_gib) <= 6
ORDER BY day DESC, provider, gpu_model, source
LIMIT 80
