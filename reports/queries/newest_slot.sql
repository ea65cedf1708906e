SELECT
    max(slot) AS slot,
    count(*) FILTER (slot = newest) AS offers,
    count(DISTINCT gpu_model) FILTER (slot = newest) AS gpu_models,
    (SELECT count(DISTINCT slot) FROM current_scrapes WHERE origin = 'snapshot') AS slots
FROM (SELECT *, max(slot) OVER () AS newest FROM latest_offers)
