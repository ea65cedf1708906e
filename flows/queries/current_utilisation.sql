SELECT * FROM current_utilisation WHERE source = $source AND slot = $slot
