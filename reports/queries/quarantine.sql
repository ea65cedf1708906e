-- The newest quarantined rows of snapshots; those of imports are on the page of price histories.
SELECT slot, source, expectation, reason, record::VARCHAR AS record
FROM quarantine
JOIN valid_scrapes USING (run_id, source, slot)
WHERE origin = 'snapshot'
ORDER BY slot DESC, source, expectation, reason, record
LIMIT 100
