-- The gold views; those that are computed once are tables in the session's memory.
SELECT view_name, comment
FROM duckdb_views()
WHERE NOT internal AND database_name = current_database()
UNION ALL
SELECT table_name, comment
FROM duckdb_tables()
WHERE database_name = 'memory'
ORDER BY view_name
