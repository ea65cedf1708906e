-- What the watch has said of each source, and how often that is in a year of its nights.
WITH read AS (
    SELECT source, count(DISTINCT slot::DATE) AS days
    FROM current_scrapes
    WHERE origin = 'snapshot'
    GROUP BY source
),
told AS (
    SELECT source, count(*) AS alarms, array_to_string(list_sort(list(DISTINCT replace(kind, '_', ' '))), ', ') AS kinds
    FROM incidents
    ANTI JOIN void_runs USING (run_id)
    WHERE severity = 'warning'
    GROUP BY source
)
SELECT source, days, coalesce(alarms, 0) AS alarms, 365 * coalesce(alarms, 0) / days AS alarms_a_year, kinds
FROM read
LEFT JOIN told USING (source)
ORDER BY alarms_a_year DESC, source
