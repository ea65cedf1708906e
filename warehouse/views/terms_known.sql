-- description: The last known value of every term, by the newest snapshot that states it, else by the last dated fact.
CREATE OR REPLACE VIEW terms_known AS
WITH facts AS (
    SELECT provider, tier, term, state_after AS state, after AS value, as_stated, source_url, standing
    FROM free_tier_history
    WHERE standing <> 'snapshot'
    QUALIFY row_number() OVER (PARTITION BY provider, tier, term ORDER BY stated_at DESC, as_stated DESC) = 1
),
said AS (
    SELECT provider, tier, term, state, value, strftime(slot, '%Y-%m-%d') AS as_stated, source_url, 'snapshot' AS standing
    FROM free_tier_now
    WHERE state <> 'unknown' AND term <> 'in_service'
    QUALIFY row_number() OVER (PARTITION BY provider, tier, term ORDER BY slot DESC, source) = 1
)
FROM said
UNION ALL BY NAME
FROM facts
ANTI JOIN said USING (provider, tier, term);
COMMENT ON COLUMN terms_known.value IS 'The last known value, in words.';
COMMENT ON COLUMN terms_known.as_stated IS 'Its date, as exactly as it is known.';
