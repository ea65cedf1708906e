-- description: Every statement about free tiers and plans since 2017, with the one before it.
--
-- Every statement about a free tier or plan in order of time, with the statement before it: dated facts first
-- (S19), then what the snapshots say. A page that does not mention a term (unknown) is a gap. A snapshot that
-- repeats the one before is left out; the first snapshot is compared with the last dated fact.
CREATE OR REPLACE VIEW free_tier_history AS
WITH stated AS (
    SELECT
        *,
        coalesce(
            value_text,
            coalesce(replace(qualifier, '_', ' ') || ' ', '') || format('{:g}', value_number)
                || coalesce(' to ' || format('{:g}', value_up_to), '') || coalesce(' ' || unit, '')
        ) AS said
    FROM current_observations
    WHERE term NOT IN ('usd_per_hour', 'usd_per_gpu_hour', 'minutes_to_train', 'usd_to_train')
),
facts AS (
    SELECT
        observed_on::TIMESTAMPTZ AS stated_at, observed_as_stated AS as_stated, provider, source, subject AS tier, term,
        state, value_number, said, note AS quote, origin AS source_url, capture_id, standing,
        lag(state) OVER facts_in_order AS state_before,
        lag(value_number) OVER facts_in_order AS number_before,
        lag(said) OVER facts_in_order AS said_before,
        lag(note) OVER facts_in_order AS quote_before
    FROM stated
    WINDOW facts_in_order AS (PARTITION BY provider, subject, term ORDER BY observed_on, observed_as_stated)
),
known AS (
    SELECT
        *,
        coalesce(value_text, format('{:g}', value_number) || coalesce(' ' || unit, '')) AS said
    FROM current_terms
    WHERE state <> 'unknown'
),
last_fact AS (
    SELECT *
    FROM facts
    QUALIFY row_number() OVER (PARTITION BY provider, tier, term ORDER BY stated_at DESC, as_stated DESC) = 1
),
numbered AS (
    SELECT
        *,
        lag(state) OVER of_source AS state_seen,
        lag(value_number) OVER of_source AS number_seen,
        lag(said) OVER of_source AS said_seen,
        lag(quote) OVER of_source AS quote_seen,
        row_number() OVER (PARTITION BY provider, tier, term ORDER BY slot, source) = 1 AS is_first
    FROM known
    WINDOW of_source AS (PARTITION BY source, tier, term ORDER BY slot)
),
snapshots AS (
    SELECT
        numbered.slot AS stated_at, strftime(numbered.slot, '%Y-%m-%d') AS as_stated, numbered.provider, numbered.source,
        numbered.tier, numbered.term, numbered.state, numbered.value_number, numbered.said, numbered.quote,
        numbered.source_url, numbered.capture_id, 'snapshot' AS standing,
        coalesce(state_seen, last_fact.state) AS state_before,
        if(state_seen IS NULL, last_fact.value_number, number_seen) AS number_before,
        if(state_seen IS NULL, last_fact.said, said_seen) AS said_before,
        if(state_seen IS NULL, last_fact.quote, quote_seen) AS quote_before
    FROM numbered
    LEFT JOIN last_fact
        ON numbered.is_first AND numbered.provider = last_fact.provider AND numbered.tier = last_fact.tier
        AND numbered.term = last_fact.term AND last_fact.stated_at < numbered.slot
    WHERE is_first OR state_seen IS NOT NULL
),
compared AS (
    SELECT
        *,
        state_before IS NOT NULL AND (
            state <> state_before
            OR CASE
                WHEN value_number IS NOT NULL AND number_before IS NOT NULL THEN value_number <> number_before
                ELSE said IS DISTINCT FROM said_before
            END
        ) AS is_change
    FROM (FROM facts UNION ALL BY NAME FROM snapshots)
)
SELECT
    stated_at, as_stated, provider, source, tier, term, state_before, coalesce(said_before, state_before) AS before,
    state AS state_after, coalesce(said, state) AS after, is_change, quote_before, quote, source_url, capture_id,
    standing
FROM compared
WHERE standing <> 'snapshot' OR is_change OR state_before IS NULL;
COMMENT ON COLUMN free_tier_history.stated_at IS 'When it was stated: a dated fact''s day, or the slot that saw it.';
COMMENT ON COLUMN free_tier_history.as_stated IS 'The date as exactly as it is known.';
COMMENT ON COLUMN free_tier_history.state_before IS 'present or absent by the statement before.';
COMMENT ON COLUMN free_tier_history.before IS 'What the statement before said, in words.';
COMMENT ON COLUMN free_tier_history.state_after IS 'present or absent by this statement.';
COMMENT ON COLUMN free_tier_history.after IS 'What is stated, in words.';
COMMENT ON COLUMN free_tier_history.is_change IS 'Whether it differs from the statement before.';
COMMENT ON COLUMN free_tier_history.quote_before IS 'The words of the statement before.';
