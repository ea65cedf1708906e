-- description: What each source listed, with or without a price, by series and day.
-- cache: days by day
-- report: computed once
CREATE OR REPLACE VIEW listed_daily AS
SELECT
    provider, source, gpu_model, gpu_is_known, gpu_form_factor, gpu_memory_gib, pricing_model, slot::DATE AS day,
    min(slot) AS first_slot,
    max(slot) AS last_slot,
    bool_or(availability <> 'unavailable') AS had_stock
FROM current_offers
WHERE gpu_model IS NOT NULL
GROUP BY ALL;
COMMENT ON COLUMN listed_daily.day IS 'UTC day.';
COMMENT ON COLUMN listed_daily.first_slot IS 'The first slot of the day that listed it.';
COMMENT ON COLUMN listed_daily.last_slot IS 'The last slot of the day that listed it.';
COMMENT ON COLUMN listed_daily.had_stock IS 'Whether any offer of it was not listed as unavailable.';
