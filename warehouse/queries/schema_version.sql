-- The version of the schema that the ledger was brought to last, and the statements that made it; no row before that
-- was written down.
SELECT version, definition FROM schema_versions ORDER BY version DESC, applied_at DESC LIMIT 1
