-- Every provider with the newest good slot of its sources and how many rows they have given.
WITH held AS (
    SELECT provider, max(slot) AS last_good_slot, sum(rows_accepted)::BIGINT AS row_count
    FROM current_scrapes
    GROUP BY provider
)
SELECT
    provider, title, kind, CASE WHEN enabled THEN status ELSE status || ', off' END AS status, since,
    coalesce(what_happened, why_disabled) AS remark, evidence[1] AS evidence, homepage,
    array_to_string(sources, ', ') AS sources, last_good_slot, row_count
FROM providers_now
LEFT JOIN held USING (provider)
ORDER BY NOT enabled, status <> 'active', lower(title)
