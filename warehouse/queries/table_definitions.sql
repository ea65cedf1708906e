-- The statements that created the tables of the attached ledger `old`.
SELECT table_name, sql FROM duckdb_tables() WHERE NOT internal AND database_name = 'old' ORDER BY table_name
