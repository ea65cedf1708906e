-- What the detector has raised for each source, and how often that is in a year of days on which it was read.
WITH read AS (
    SELECT source, count(DISTINCT slot::DATE) AS days
    FROM current_scrapes
    WHERE origin = 'snapshot'
    GROUP BY source
),
raised AS (
    SELECT source, count(*) AS anomalies, array_to_string(list_sort(list(DISTINCT replace(kind, '_', ' '))), ', ') AS kinds
    FROM incidents
    ANTI JOIN void_runs USING (run_id)
    WHERE severity = 'warning'
    GROUP BY source
)
SELECT
    source, days, coalesce(anomalies, 0) AS anomalies, 365 * coalesce(anomalies, 0) / days AS anomalies_a_year, kinds
FROM read
LEFT JOIN raised USING (source)
ORDER BY anomalies_a_year DESC, source
