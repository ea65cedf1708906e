-- Whether the ledger is a demo, and its newest slot: the date of a demo's site is its last simulated slot.
SELECT coalesce((SELECT bool_or(origin = 'simulated') FROM runs ANTI JOIN void_runs USING (run_id)), false) AS is_simulated,
       (SELECT max(slot) FROM valid_scrapes WHERE origin = 'snapshot') AS newest_slot;
