-- What offers hold of the imported file $capture_id for $source, as one fingerprint a snapshot.
-- $columns are the names of the compared columns, in the same order for every ledger.
SELECT slot, count(*) AS row_count, bit_xor(hash($columns)) AS fingerprint
FROM history_offers
WHERE source = $source AND capture_id = $capture_id
GROUP BY slot
ORDER BY slot
