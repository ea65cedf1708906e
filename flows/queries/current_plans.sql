SELECT * FROM current_plans WHERE source = $source AND slot = $slot
