-- Runs can be void. An older gpuledger would make views that count them all the same, so it must not open the ledger.
CREATE TABLE IF NOT EXISTS void_runs (
    run_id VARCHAR NOT NULL,
    voided_at TIMESTAMPTZ NOT NULL,
    reason VARCHAR NOT NULL,
    gpuledger_version VARCHAR NOT NULL
);
