SELECT duckdb_columns.table_name AS view_name, column_name, data_type, duckdb_columns.comment
FROM duckdb_columns()
JOIN duckdb_views() ON duckdb_views.view_name = duckdb_columns.table_name
WHERE NOT duckdb_views.internal
ORDER BY duckdb_columns.table_name, column_index
