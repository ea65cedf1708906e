-- The slots of the last 90 days in which a marketplace was read.
SELECT DISTINCT source, slot
FROM current_scrapes
WHERE source IN (SELECT DISTINCT source FROM market_machines)
    AND slot > (SELECT max(slot) FROM market_machines) - INTERVAL 90 DAY
ORDER BY source, slot
