-- The version of the schema that the ledger was brought to last; no row before that was written down.
SELECT version FROM schema_versions ORDER BY version DESC LIMIT 1
