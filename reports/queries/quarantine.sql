SELECT slot, source, expectation, reason, record::VARCHAR AS record
FROM quarantine
ORDER BY slot DESC, source
LIMIT 100
