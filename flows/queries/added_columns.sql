-- Every column that an upgrade added to a table, and when.
SELECT split_part(added, '.', 1) AS table_name, split_part(added, '.', 2) AS column_name, applied_at
FROM (SELECT unnest(added_columns) AS added, applied_at FROM schema_versions)
