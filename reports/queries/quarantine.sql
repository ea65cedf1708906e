-- The newest refused rows of our own sources; what imports have refused is on the page of price histories.
SELECT slot, source, expectation, reason, record::VARCHAR AS record
FROM quarantine
WHERE source NOT LIKE 'history:%'
ORDER BY slot DESC, source
LIMIT 100
