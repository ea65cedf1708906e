SELECT provider, gpu_as_shown, machines_total, machines_rented, share_rented, share_rented_30d, slot
FROM current_utilisation
QUALIFY slot = max(slot) OVER (PARTITION BY source)
ORDER BY machines_total DESC, gpu_as_shown
