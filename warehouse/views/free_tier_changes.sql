-- S19: changes of the terms of free tiers and plans, by dated facts and by snapshots. The first statement of a
-- term is no change, nor is a page that goes silent.
CREATE OR REPLACE VIEW free_tier_changes AS
SELECT
    stated_at AS changed_at, as_stated AS changed_as_stated, provider, source, tier, term, before, after, state_before,
    state_after, quote_before, quote, source_url, capture_id, standing
FROM free_tier_history
WHERE is_change;
COMMENT ON VIEW free_tier_changes IS 'Changes of free tiers and plan limits, with the words on the page.';
