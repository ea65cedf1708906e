-- The cheapest GPU-hour now of $gpu, where it is under $under or over $over. `subject` is what a rule speaks of once.
WITH cheapest AS (
    SELECT gpu_model, gpu_form_factor, pricing_model, provider, region, usd_per_gpu_hour, source_url
    FROM latest_offers
    WHERE gpu_model = $gpu AND pricing_model = $pricing_model AND usd_per_gpu_hour IS NOT NULL
        AND availability <> 'unavailable'
        AND ($form_factor IS NULL OR gpu_form_factor = $form_factor)
        AND ($provider IS NULL OR provider = $provider)
    ORDER BY usd_per_gpu_hour, provider, offer_key
    LIMIT 1
)
SELECT
    concat_ws(' ', gpu_model, $form_factor, pricing_model, $provider) AS subject,
    format('{}{} {} costs ${:.4g} a GPU-hour at {}{}', gpu_model, coalesce(' ' || gpu_form_factor, ''),
        replace(pricing_model, '_', ' '), usd_per_gpu_hour, provider, coalesce(' in ' || region, '')) AS message,
    'index.html' AS page
FROM cheapest
WHERE usd_per_gpu_hour < $under OR usd_per_gpu_hour > $over
