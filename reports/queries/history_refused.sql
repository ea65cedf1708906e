-- Why rows of imported histories were refused.
SELECT source, reason, count(*) AS row_count, min(slot)::DATE AS first_on, max(slot)::DATE AS last_on
FROM quarantine
SEMI JOIN (
    FROM valid_scrapes
    WHERE origin <> 'snapshot'
    QUALIFY row_number() OVER (PARTITION BY source, slot ORDER BY status = 'ok' DESC, finished_at DESC, run_id DESC) = 1
) USING (run_id, source, slot)
GROUP BY ALL
ORDER BY row_count DESC, source, reason
LIMIT 60
