SELECT * FROM current_offers WHERE source = $source AND slot = $slot
