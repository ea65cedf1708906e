-- The version of the facts that were loaded last.
SELECT parser_version
FROM scrapes
WHERE source = $source AND status = 'ok'
ORDER BY finished_at DESC
LIMIT 1
