-- The newest current slot of every source, and how many rows it has given in all.
SELECT source, max(slot) AS last_good_slot, sum(rows_accepted)::BIGINT AS row_count
FROM current_scrapes
GROUP BY source
