-- What is counted of each of the ninety standing nights of $source up to $until, newest first: rows, fingerprints of all
-- prices and of all bytes, the median price, how often each column has a value, and the GPU models on offer.
WITH looked_at AS (
    SELECT min(slot) AS first
    FROM (
        SELECT slot FROM current_scrapes WHERE source = $source AND slot <= $until ORDER BY slot DESC LIMIT 90
    )
),
offered AS (
    SELECT
        slot,
        count(*) AS rows,
        bit_xor(hash(offer_key, pricing_model, usd_per_hour)) AS prices,
        median(usd_per_hour) AS middle,
        list(DISTINCT gpu_model) FILTER (gpu_model IS NOT NULL) AS models,
        count(region) AS region, count(country) AS country, count(usd_per_hour) AS usd_per_hour,
        count(gpu_memory_gib) AS gpu_memory_gib, count(vcpus) AS vcpus, count(ram_gib) AS ram_gib,
        count(disk_gib) AS disk_gib, count(reliability) AS reliability, count(throughput) AS throughput,
        count(interruption_high) AS interruption_high
    FROM current_offers
    WHERE source = $source AND slot BETWEEN (SELECT first FROM looked_at) AND $until
    GROUP BY slot
),
archived AS (
    SELECT slot, bit_xor(hash(capture_id)) AS captures
    FROM captures
    ANTI JOIN void_runs USING (run_id)
    WHERE source = $source AND slot BETWEEN (SELECT first FROM looked_at) AND $until AND role IN ('response', 'rendered')
    GROUP BY slot
)
SELECT *
FROM offered
LEFT JOIN archived USING (slot)
ORDER BY slot DESC
