SELECT provider, slot, source, severity, kind, summary
FROM incidents
ORDER BY slot DESC, source
