-- Scrapes whose rows are not all there: what was counted when they were stored, and what the tables hold.
WITH held AS (
    SELECT run_id, source, slot, count(*) AS row_count FROM offers GROUP BY ALL
    UNION ALL SELECT run_id, source, slot, count(*) FROM plans GROUP BY ALL
    UNION ALL SELECT run_id, source, slot, count(*) FROM terms GROUP BY ALL
    UNION ALL SELECT run_id, source, slot, count(*) FROM utilisation GROUP BY ALL
    UNION ALL SELECT run_id, source, slot, count(*) FROM observations GROUP BY ALL
    UNION ALL SELECT run_id, source, slot, count(*) FROM price_statistics GROUP BY ALL
),
summed AS (SELECT run_id, source, slot, sum(row_count)::BIGINT AS row_count FROM held GROUP BY ALL)
SELECT source, slot, rows_accepted AS counted, coalesce(row_count, 0) AS held
FROM scrapes FULL JOIN summed USING (run_id, source, slot)
WHERE coalesce(rows_accepted, 0) <> coalesce(row_count, 0)
ORDER BY ALL
