"""The ledger: what the tables are, how snapshots are appended, what users query."""
