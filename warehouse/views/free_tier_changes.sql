-- description: Changes of free tiers and plan limits, with the words on the page.
-- download: all
--
-- S19: changes of the terms of free tiers and plans, by dated facts and by snapshots. The first statement of a
-- term is not a change, and neither is a page that no longer mentions it.
CREATE OR REPLACE VIEW free_tier_changes AS
SELECT
    stated_at AS changed_at, as_stated AS changed_as_stated, provider, source, tier, term, before, after, state_before,
    state_after, quote_before, quote, source_url, capture_id, standing
FROM free_tier_history
WHERE is_change;
COMMENT ON COLUMN free_tier_changes.changed_at IS 'When the change was stated: a dated fact''s day, or the slot that saw it.';
COMMENT ON COLUMN free_tier_changes.changed_as_stated IS 'The date as exactly as it is known.';
COMMENT ON COLUMN free_tier_changes.before IS 'What was said before, in words.';
COMMENT ON COLUMN free_tier_changes.after IS 'What is said since, in words.';
COMMENT ON COLUMN free_tier_changes.state_before IS 'present or absent before.';
COMMENT ON COLUMN free_tier_changes.state_after IS 'present or absent since.';
COMMENT ON COLUMN free_tier_changes.quote_before IS 'The words on the page before.';
