-- Whether the ledger holds the demo's nights: simulated prices never stand beside real ones.
SELECT count(*) > 0 AS is_simulated FROM runs WHERE origin = 'simulated';
