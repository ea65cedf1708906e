-- The tables and views of the database in use.
SELECT table_name AS name
FROM duckdb_tables()
WHERE NOT internal AND database_name = current_database()
UNION ALL
SELECT view_name AS name
FROM duckdb_views()
WHERE NOT internal AND database_name = current_database()
ORDER BY name
