-- The columns of a table of the database in use.
SELECT column_name FROM duckdb_columns() WHERE database_name = current_database() AND table_name = ?
