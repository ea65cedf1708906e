-- Scrapes that are stored more than once: a run stores each (source, slot) once.
SELECT source, slot, count(*) AS times FROM scrapes GROUP BY run_id, source, slot HAVING count(*) > 1 ORDER BY ALL
