-- What is counted of each current snapshot of $source up to $until, oldest first: rows, fingerprints of all prices and
-- of all bytes that were read, the median price, how often each column has a value, and the GPU models on offer. It
-- begins at $since, or at the oldest of the $snapshots snapshots before $first where that is earlier.
WITH before AS (
    SELECT slot FROM current_scrapes WHERE source = $source AND slot < $first ORDER BY slot DESC LIMIT $snapshots
),
looked_at AS (
    SELECT slot, if(len(capture_ids) > 0, hash(list_sort(capture_ids)), NULL) AS captures
    FROM current_scrapes
    WHERE source = $source AND slot <= $until AND slot >= least($since, coalesce((SELECT min(slot) FROM before), $first))
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
    WHERE source = $source AND slot BETWEEN (SELECT min(slot) FROM looked_at) AND $until
    GROUP BY slot
)
SELECT *
FROM offered
JOIN looked_at USING (slot)
ORDER BY slot
