-- The newest price changes of each provider's list prices, one row a GPU and slot.
WITH changes AS (
    SELECT
        price_changes.provider, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, slot, count(*) AS offers,
        median(change) AS change, min(change) AS least, max(change) AS most
    FROM price_changes
    JOIN providers_now ON providers_now.provider = price_changes.provider
    WHERE kind <> 'marketplace' AND gpu_model IS NOT NULL
    GROUP BY ALL
)
FROM changes
QUALIFY row_number() OVER (
    PARTITION BY provider ORDER BY slot DESC, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model
) <= 40
ORDER BY slot DESC, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, provider
