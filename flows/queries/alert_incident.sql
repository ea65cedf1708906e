-- Incidents of the three days before $now. Each is an event of its own.
SELECT
    concat_ws(' ', source, slot, kind) AS subject,
    string_agg(format('{}: {}', source, summary), '; ' ORDER BY summary) AS message,
    'quality.html' AS page
FROM incidents
ANTI JOIN void_runs USING (run_id)
WHERE slot > $now::TIMESTAMPTZ - INTERVAL 3 DAY
    AND ($severity IS NULL OR severity = $severity) AND ($source IS NULL OR source = $source)
GROUP BY source, slot, kind
ORDER BY ALL
