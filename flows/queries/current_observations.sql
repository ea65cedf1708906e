SELECT * FROM observations SEMI JOIN current_scrapes USING (run_id, source, slot) WHERE source = $source AND slot = $slot
