-- Every expectation with how often it was held against a scrape, and how often it failed.
SELECT
    expectation, level, table_name,
    count(*) AS checks, count(*) FILTER (NOT success) AS failures, sum(rows_failed)::BIGINT AS rows_failed,
    count(DISTINCT source) AS sources,
    max(slot) FILTER (NOT success) AS last_failure,
    arg_max(source, slot) FILTER (NOT success) AS last_source
FROM expectation_results
ANTI JOIN void_runs USING (run_id)
GROUP BY ALL
ORDER BY failures DESC, checks DESC, expectation, table_name
