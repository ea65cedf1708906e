-- Scrapes of one database, attached as published, that another one, attached as fresh, does not hold.
SELECT count(*)
FROM (
    SELECT run_id, source, slot FROM published.scrapes
    EXCEPT ALL
    SELECT run_id, source, slot FROM fresh.scrapes
)
