-- What the ledger was filled from, and its newest slot: a demo is as old as its last simulated night.
SELECT coalesce((SELECT bool_or(origin = 'simulated') FROM runs ANTI JOIN void_runs USING (run_id)), false) AS is_simulated,
       (SELECT max(slot) FROM valid_scrapes WHERE origin = 'snapshot') AS newest_slot;
