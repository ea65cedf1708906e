SELECT source, last_good_slot, last_status, last_slot, last_error, failures_since, rows_last_good
FROM freshness
ORDER BY source
