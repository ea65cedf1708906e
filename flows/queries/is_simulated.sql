-- Whether the ledger is a demo: simulated prices are never stored beside real ones.
SELECT count(*) > 0 AS is_simulated FROM runs WHERE origin = 'simulated';
