SELECT provider, source, last_good_slot, last_status, failures_since, rows_last_good, last_error
FROM freshness
ORDER BY source
