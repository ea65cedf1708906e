-- description: Venues that had a GPU over venues that answered, by day (S11).
-- report: computed once
-- download: all
--
-- S11: how many venues have a GPU. A venue answers on a day when one of its sources that has ever listed the
-- GPU was read that day; it has stock when it listed the GPU that day and did not list it as unavailable.
CREATE OR REPLACE VIEW breadth_daily AS
WITH lists AS (
    SELECT provider, source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, min(first_slot) AS since
    FROM listed_daily
    WHERE pricing_model IN ('on_demand', 'spot', 'interruptible')
    GROUP BY ALL
),
asked AS (
    SELECT provider, source, slot::DATE AS day, max(slot) AS slot
    FROM current_scrapes
    GROUP BY ALL
),
stocked AS (
    SELECT DISTINCT source, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, day
    FROM listed_daily
    WHERE had_stock
)
SELECT
    lists.gpu_model, lists.gpu_form_factor, lists.gpu_memory_gib, lists.pricing_model, asked.day,
    count(DISTINCT lists.provider) AS venues_answering,
    count(DISTINCT lists.provider) FILTER (stocked.source IS NOT NULL) AS venues_with_stock,
    venues_with_stock / venues_answering AS breadth
FROM lists
JOIN asked ON asked.source = lists.source AND asked.slot >= lists.since
LEFT JOIN stocked
    ON stocked.source = lists.source AND stocked.day = asked.day AND stocked.gpu_model = lists.gpu_model
    AND stocked.pricing_model = lists.pricing_model
    AND stocked.gpu_form_factor IS NOT DISTINCT FROM lists.gpu_form_factor
    AND stocked.gpu_memory_gib IS NOT DISTINCT FROM lists.gpu_memory_gib
GROUP BY ALL;
COMMENT ON COLUMN breadth_daily.day IS 'UTC day.';
COMMENT ON COLUMN breadth_daily.venues_answering IS 'Providers that have ever listed the GPU and were read that day.';
COMMENT ON COLUMN breadth_daily.venues_with_stock IS 'Of them, those that listed it and did not list it as unavailable.';
COMMENT ON COLUMN breadth_daily.breadth IS 'venues_with_stock over venues_answering. [share]';
