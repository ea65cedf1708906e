SELECT *
FROM history_sources
ORDER BY title, source
