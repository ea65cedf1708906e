-- The columns of the gold views, which may be tables in the session's memory.
WITH views AS (
    SELECT view_name
    FROM duckdb_views()
    WHERE NOT internal AND database_name = current_database()
    UNION ALL
    SELECT table_name
    FROM duckdb_tables()
    WHERE database_name = 'memory'
)
SELECT duckdb_columns.table_name AS view_name, column_name, data_type, duckdb_columns.comment
FROM duckdb_columns()
JOIN views ON views.view_name = duckdb_columns.table_name
WHERE duckdb_columns.database_name = current_database()
ORDER BY duckdb_columns.table_name, column_index
