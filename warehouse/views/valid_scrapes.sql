-- description: Every scrape of a run that is not void, with the origin of its rows.
--
-- The only place that tells imported histories and dated facts from this ledger's own snapshots. It does so by the name
-- of the source, which all rows of a scrape carry (warehouse/schema.py).
CREATE OR REPLACE VIEW valid_scrapes AS
SELECT
    *,
    CASE
        WHEN source = 'history:facts' THEN 'facts'
        WHEN source LIKE 'history:%' THEN 'imported'
        ELSE 'snapshot'
    END AS origin
FROM scrapes
ANTI JOIN void_runs USING (run_id);
COMMENT ON COLUMN valid_scrapes.origin IS 'snapshot (a source that is read on a schedule), facts (dated facts that gpuledger ships) or imported (a public history).';
