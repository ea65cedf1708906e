"""The warehouse: schema, ledger, storage and views."""
