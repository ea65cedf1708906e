-- description: The cheapest offer now, for each GPU model, form factor, memory and pricing model.
-- download: all
--
-- The cheapest offer of each GPU and pricing model over all providers, without offers that are listed as
-- unavailable.
CREATE OR REPLACE VIEW cheapest_now AS
SELECT
    gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, provider, region, country, usd_per_gpu_hour, gpu_count,
    offer_key, availability, observed_at, source_url, capture_id
FROM latest_offers
WHERE gpu_model IS NOT NULL AND gpu_is_known AND usd_per_gpu_hour IS NOT NULL AND availability <> 'unavailable'
QUALIFY row_number() OVER (
    PARTITION BY gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model
    ORDER BY usd_per_gpu_hour, provider, offer_key, source
) = 1;
