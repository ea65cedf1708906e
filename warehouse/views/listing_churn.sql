-- description: Listings of a marketplace that entered and left between adjacent snapshots, by GPU.
-- cache: days by slot
-- report: computed once
-- download: all
--
-- S10: what entered and left a marketplace between adjacent snapshots of a source. A listing is a machine with so many
-- GPUs, never an offer's id, which changes within hours. A listing that left was rented or withdrawn: the market
-- does not say which.
CREATE OR REPLACE VIEW listing_churn AS
WITH listings AS (
    SELECT DISTINCT source, slot, machine_id, gpu_count, provider, gpu_model, gpu_form_factor, gpu_memory_gib
    FROM current_offers
    WHERE machine_id IS NOT NULL AND gpu_model IS NOT NULL AND availability <> 'unavailable'
),
compared AS (
    SELECT
        adjacent.source, adjacent.slot, machine_id, gpu_count, provider, gpu_model, gpu_form_factor, gpu_memory_gib,
        bool_or(listings.slot = adjacent.slot) AS is_now,
        bool_or(listings.slot = adjacent.slot_before) AS was_before
    FROM adjacent_snapshots AS adjacent
    JOIN listings ON listings.source = adjacent.source AND listings.slot IN (adjacent.slot, adjacent.slot_before)
    GROUP BY ALL
)
SELECT
    provider, source, gpu_model, gpu_form_factor, gpu_memory_gib, slot,
    count(*) FILTER (is_now) AS listings,
    count(*) FILTER (is_now AND NOT was_before) AS entered,
    count(*) FILTER (was_before AND NOT is_now) AS left_market,
    entered / nullif(count(*) FILTER (is_now), 0) AS entry_rate,
    left_market / nullif(count(*) FILTER (was_before), 0) AS exit_rate
FROM compared
GROUP BY ALL;
COMMENT ON COLUMN listing_churn.listings IS 'Machines, each with its number of GPUs, listed in the slot.';
COMMENT ON COLUMN listing_churn.entered IS 'Of them, those that the snapshot before did not have.';
COMMENT ON COLUMN listing_churn.left_market IS 'Listings of the snapshot before that are gone: rented or withdrawn.';
COMMENT ON COLUMN listing_churn.entry_rate IS 'entered over listings. [share]';
COMMENT ON COLUMN listing_churn.exit_rate IS 'left_market over the listings of the snapshot before. [share]';
