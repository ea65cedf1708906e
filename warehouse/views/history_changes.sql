-- description: Price changes of the same offer in imported histories; change is a share.
--
-- Every change of an offer's price between two snapshots of an imported history in which it was seen.
CREATE OR REPLACE VIEW history_changes AS
WITH seen AS (
    SELECT
        source, provider, offer_key, pricing_model, instance_type, gpu_model, gpu_form_factor, gpu_memory_gib, region,
        slot, usd_per_hour, usd_per_gpu_hour, offer_id, capture_id,
        lag(slot) OVER offer AS slot_before,
        lag(usd_per_hour) OVER offer AS usd_per_hour_before,
        lag(usd_per_gpu_hour) OVER offer AS usd_per_gpu_hour_before
    FROM history_offers
    WHERE usd_per_hour IS NOT NULL
    WINDOW offer AS (PARTITION BY source, offer_key, pricing_model ORDER BY slot)
)
SELECT
    source, provider, offer_key, pricing_model, instance_type, gpu_model, gpu_form_factor, gpu_memory_gib, region,
    slot, slot_before, usd_per_hour_before, usd_per_hour,
    usd_per_gpu_hour_before, usd_per_gpu_hour,
    usd_per_hour / nullif(usd_per_hour_before, 0) - 1 AS change,
    offer_id, capture_id
FROM seen
WHERE usd_per_hour <> usd_per_hour_before;
COMMENT ON COLUMN history_changes.slot_before IS 'The slot that the offer was last seen in.';
COMMENT ON COLUMN history_changes.usd_per_hour_before IS 'Its price then. [USD/h]';
COMMENT ON COLUMN history_changes.change IS 'The price over the price before, less one. [share]';
COMMENT ON COLUMN history_changes.usd_per_gpu_hour_before IS 'Price of one of its GPUs then. [USD/h]';
