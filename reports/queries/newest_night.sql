SELECT
    max(slot) AS slot,
    count(*) FILTER (slot = newest) AS offers,
    count(DISTINCT gpu_model) FILTER (slot = newest) AS gpu_models,
    count(DISTINCT slot) AS slots
FROM (SELECT *, max(slot) OVER () AS newest FROM current_offers)
