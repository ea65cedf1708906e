SELECT gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model, venues_answering, venues_with_stock, breadth, day
FROM breadth_daily
QUALIFY day = max(day) OVER ()
ORDER BY venues_answering DESC, breadth, gpu_model, gpu_form_factor, gpu_memory_gib, pricing_model
