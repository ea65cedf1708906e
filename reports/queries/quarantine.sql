-- The newest refused rows of our own sources; what imports have refused is on the page of price histories.
SELECT slot, source, expectation, reason, record::VARCHAR AS record
FROM quarantine
ANTI JOIN void_runs USING (run_id)
WHERE source NOT LIKE 'history:%'
ORDER BY slot DESC, source
LIMIT 100
