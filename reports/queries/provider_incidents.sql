SELECT provider, slot, source, severity, kind, summary
FROM incidents
ANTI JOIN void_runs USING (run_id)
ORDER BY slot DESC, source
