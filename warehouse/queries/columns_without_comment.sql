-- The columns of views of the database in use that nothing describes yet.
SELECT duckdb_columns.table_name, duckdb_columns.column_name
FROM duckdb_columns()
JOIN duckdb_views()
    ON duckdb_views.view_name = duckdb_columns.table_name AND duckdb_views.database_name = duckdb_columns.database_name
WHERE NOT duckdb_views.internal AND duckdb_columns.comment IS NULL
    AND duckdb_columns.database_name = current_database()
ORDER BY ALL
