-- Whether the bytes $capture_id are archived for $source, and whether their origin is stored for $version.
SELECT
    (SELECT count(*) FROM captures WHERE source = $source AND capture_id = $capture_id) AS archived,
    (
        SELECT count(*) FROM origins
        WHERE source = $source AND capture_id = $capture_id AND parser_version = $version
    ) AS declared
