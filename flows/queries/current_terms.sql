SELECT * FROM current_terms WHERE source = $source AND slot = $slot
