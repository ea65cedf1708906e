-- description: The last known value of every term of free tiers and plans.
-- download: all
--
-- A page that no longer mentions a term keeps its last known value here, with still_on_page false.
CREATE OR REPLACE VIEW free_tier_now AS
WITH newest AS (
    SELECT source, max(slot) AS slot
    FROM current_terms
    GROUP BY source
)
SELECT
    provider, source, tier, term,
    coalesce(value_text, format('{:g}', value_number) || coalesce(' ' || unit, ''), state) AS value,
    value_number, unit, state, quote, observed_at, current_terms.slot, source_url, capture_id,
    state <> 'unknown' AND current_terms.slot = newest.slot AS still_on_page
FROM current_terms
JOIN newest USING (source)
QUALIFY row_number() OVER (
    PARTITION BY source, tier, term
    ORDER BY state <> 'unknown' DESC, current_terms.slot DESC
) = 1;
COMMENT ON COLUMN free_tier_now.value IS 'The value with its unit, in words.';
COMMENT ON COLUMN free_tier_now.still_on_page IS 'Whether the newest snapshot says it too.';
