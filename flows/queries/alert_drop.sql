-- Series of $gpu whose median price is now at least $percent per cent lower than $days days ago, or than on the last
-- day before that had a price.
WITH series AS (
    SELECT *, max(day) OVER (PARTITION BY source, gpu_form_factor, gpu_memory_gib) AS newest
    FROM price_daily
    WHERE gpu_model = $gpu AND pricing_model = $pricing_model
        AND ($form_factor IS NULL OR gpu_form_factor = $form_factor)
        AND ($provider IS NULL OR provider = $provider)
),
ends AS (
    SELECT provider, source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model,
        max_by(p50, day) AS now, max_by(p50, day) FILTER (day <= newest - $days::INTEGER) AS before
    FROM series
    GROUP BY ALL
)
SELECT
    concat_ws(' ', source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model) AS subject,
    format('{}{} {} at {} fell by {:.1f} % in {} days: the median was ${:.4g} a GPU-hour and is ${:.4g}', gpu_model,
        coalesce(' ' || gpu_form_factor, ''), replace(pricing_model, '_', ' '), provider, 100 * (1 - now / before),
        $days, before, now) AS message,
    'volatility.html' AS page
FROM ends
WHERE now <= before * (1 - $percent / 100)
ORDER BY ALL
