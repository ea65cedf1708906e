-- S19: changes of the terms of free tiers and plans. A page that is silent (unknown) is a gap and not a change:
-- each known state is held against the last known one before it. The first sight of a term is no change.
CREATE OR REPLACE VIEW free_tier_changes AS
WITH known AS (
    SELECT
        *,
        coalesce(value_text, format('{:g}', value_number) || coalesce(' ' || unit, '')) AS said
    FROM current_terms
    WHERE state <> 'unknown'
),
compared AS (
    SELECT
        *,
        lag(said) OVER term_history AS said_before,
        lag(state) OVER term_history AS state_before,
        lag(quote) OVER term_history AS quote_before
    FROM known
    WINDOW term_history AS (PARTITION BY source, tier, term ORDER BY slot)
)
SELECT
    slot AS changed_at, provider, source, tier, term,
    coalesce(said_before, state_before) AS before,
    coalesce(said, state) AS after,
    state_before, state AS state_after, quote_before, quote, source_url, capture_id
FROM compared
WHERE state_before IS NOT NULL
    AND (state <> state_before OR said IS DISTINCT FROM said_before);
COMMENT ON VIEW free_tier_changes IS 'Changes of free tiers and plan limits, with the words on the page.';
