SELECT slot, source, kind, subject, detail, times
FROM findings
ORDER BY slot DESC, source, kind, subject
LIMIT 100
