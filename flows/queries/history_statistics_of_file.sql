-- What price_statistics hold of the imported file $capture_id for $source, as one fingerprint a snapshot that stands.
SELECT slot, count(*) AS row_count, bit_xor(hash(told)) AS fingerprint
FROM (SELECT COLUMNS(name -> name NOT IN ('run_id', 'parser_version')) FROM history_statistics WHERE source = $source AND capture_id = $capture_id) AS told
GROUP BY slot
ORDER BY slot
