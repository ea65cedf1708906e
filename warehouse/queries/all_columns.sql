-- Every column of the tables of the database in use.
SELECT table_name, column_name
FROM duckdb_columns()
WHERE NOT internal AND database_name = current_database()
ORDER BY ALL
