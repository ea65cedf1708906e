-- Machines and GPUs of the last year; only marketplaces state them.
SELECT provider, gpu_model, gpu_form_factor, gpu_memory_gib, day, offers, machines, gpus_available, gpus_total
FROM availability_daily
WHERE machines IS NOT NULL AND pricing_model = 'on_demand' AND day > (SELECT max(day) FROM availability_daily) - 365
ORDER BY ALL
