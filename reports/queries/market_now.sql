-- The marketplaces on their newest day, by GPU: what is listed, how much of it is rented, what came and went in 30 days.
WITH newest AS (
    SELECT source, max(day) AS day
    FROM rented_daily
    GROUP BY source
),
churn AS (
    SELECT
        source, gpu_model, gpu_form_factor, gpu_memory_gib,
        avg(entry_rate ORDER BY slot) AS entry_rate, avg(exit_rate ORDER BY slot) AS exit_rate, count(*) AS snapshots
    FROM listing_churn
    WHERE slot > (SELECT max(slot) FROM listing_churn) - INTERVAL 30 DAY
    GROUP BY ALL
),
listed AS (
    SELECT provider, gpu_model, gpu_form_factor, gpu_memory_gib, day, gpus_available, gpus_total, offers
    FROM availability_daily
    WHERE pricing_model = 'on_demand'
)
SELECT
    rented_daily.provider, rented_daily.gpu_model, rented_daily.gpu_form_factor, rented_daily.gpu_memory_gib,
    offers, rented_daily.machines, listed.gpus_available, listed.gpus_total, rented_share, matched_machines,
    matched_rented_share - matched_rented_share_before AS matched_change, entry_rate, exit_rate, snapshots
FROM rented_daily
SEMI JOIN newest ON newest.source = rented_daily.source AND newest.day = rented_daily.day
LEFT JOIN listed
    ON listed.provider = rented_daily.provider AND listed.day = rented_daily.day
    AND listed.gpu_model = rented_daily.gpu_model
    AND listed.gpu_form_factor IS NOT DISTINCT FROM rented_daily.gpu_form_factor
    AND listed.gpu_memory_gib IS NOT DISTINCT FROM rented_daily.gpu_memory_gib
LEFT JOIN churn
    ON churn.source = rented_daily.source AND churn.gpu_model = rented_daily.gpu_model
    AND churn.gpu_form_factor IS NOT DISTINCT FROM rented_daily.gpu_form_factor
    AND churn.gpu_memory_gib IS NOT DISTINCT FROM rented_daily.gpu_memory_gib
ORDER BY listed.gpus_total DESC NULLS LAST, rented_daily.gpu_model, rented_daily.gpu_form_factor, rented_daily.gpu_memory_gib, provider
