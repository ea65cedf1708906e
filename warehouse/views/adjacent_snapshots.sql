-- description: Snapshots of a source with the one before, where no other is missing in between.
--
-- Which snapshot of a source each one is compared with: the one before, unless it is further off than
-- limits.adjacent_within times the source's usual distance. After such a gap a snapshot is compared with nothing.
CREATE OR REPLACE VIEW adjacent_snapshots AS
WITH ordered AS (
    SELECT
        source, slot,
        lag(slot) OVER snapshots AS slot_before,
        date_diff('second', lag(slot) OVER snapshots, slot) AS seconds
    FROM (SELECT DISTINCT source, slot FROM current_scrapes)
    WINDOW snapshots AS (PARTITION BY source ORDER BY slot)
)
SELECT source, slot, slot_before
FROM ordered
CROSS JOIN limits
QUALIFY seconds <= adjacent_within * median(seconds) OVER (PARTITION BY source);
COMMENT ON COLUMN adjacent_snapshots.slot_before IS 'The slot of the snapshot before.';
