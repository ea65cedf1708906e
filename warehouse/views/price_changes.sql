-- description: Price changes of the same offer between adjacent snapshots; change is a share.
-- cache: days by slot
-- download: last year by slot
--
-- Every change of an offer's price between two adjacent snapshots in which it was seen. A missed snapshot
-- is not a change; an offer that was not listed in between shows the slot it was last seen in.
CREATE OR REPLACE VIEW price_changes AS
WITH seen AS (
    SELECT
        source, provider, offer_key, pricing_model, instance_type, gpu_model, gpu_form_factor, gpu_memory_gib, region,
        slot, usd_per_hour, source_url, capture_id,
        lag(slot) OVER offer AS slot_before,
        lag(usd_per_hour) OVER offer AS usd_per_hour_before
    FROM current_offers
    WHERE usd_per_hour IS NOT NULL
    WINDOW offer AS (PARTITION BY source, offer_key, pricing_model ORDER BY slot)
)
SELECT
    source, provider, offer_key, pricing_model, instance_type, gpu_model, gpu_form_factor, gpu_memory_gib, region,
    slot, slot_before, usd_per_hour_before, usd_per_hour,
    usd_per_hour / nullif(usd_per_hour_before, 0) - 1 AS change,
    source_url, capture_id
FROM seen
WHERE usd_per_hour <> usd_per_hour_before;
COMMENT ON COLUMN price_changes.slot_before IS 'The slot that the offer was last seen in.';
COMMENT ON COLUMN price_changes.usd_per_hour_before IS 'Its price then. [USD/h]';
COMMENT ON COLUMN price_changes.change IS 'The price over the price before, less one. [share]';
