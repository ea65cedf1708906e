-- The comments of a view in a session's memory and of its columns, by what COMMENT ON calls them once it is a $2.
SELECT concat_ws(' ', $2, view_name), comment
FROM duckdb_views()
WHERE database_name = 'memory' AND view_name = $1 AND comment IS NOT NULL
UNION ALL
SELECT format('COLUMN {}.{}', table_name, column_name), comment
FROM duckdb_columns()
WHERE database_name = 'memory' AND table_name = $1 AND comment IS NOT NULL
