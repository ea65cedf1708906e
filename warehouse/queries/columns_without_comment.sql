SELECT duckdb_columns.table_name, duckdb_columns.column_name
FROM duckdb_columns()
JOIN duckdb_views() ON duckdb_views.view_name = duckdb_columns.table_name
WHERE NOT duckdb_views.internal AND duckdb_columns.comment IS NULL
ORDER BY ALL
