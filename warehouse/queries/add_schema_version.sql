-- Note the version that the ledger is brought to, the statements that made it, and the columns that were added.
INSERT INTO schema_versions (version, applied_at, definition, added_columns) VALUES (?, ?, ?, ?)
