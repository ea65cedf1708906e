-- Every UTC day with a current scrape: how many rows it gave, and what a view's rows of it depend on besides the rows
-- themselves: which scrapes are current, and which snapshots are compared.
SELECT
    slot::DATE AS day,
    sum(rows_accepted)::BIGINT AS row_count,
    sha256(string_agg(
        concat_ws(' ', source, epoch_us(slot), run_id, epoch_us(slot_before)), chr(10) ORDER BY source, slot
    )) AS digest
FROM current_scrapes
LEFT JOIN adjacent_snapshots USING (source, slot)
GROUP BY ALL
ORDER BY day
