-- description: The current scrape of each source and slot: the newest that was accepted.
--
-- A correction by replay replaces the scrape that it corrects. Imported histories are not snapshots of this ledger: their
-- scrapes are in history_scrapes only.
CREATE OR REPLACE VIEW current_scrapes AS
SELECT *
FROM valid_scrapes
WHERE status IN ('ok', 'partial') AND origin <> 'imported'
QUALIFY row_number() OVER (PARTITION BY source, slot ORDER BY finished_at DESC, run_id DESC) = 1;
COMMENT ON COLUMN current_scrapes.origin IS 'snapshot (a source that is read on a schedule) or facts (dated facts that gpuledger ships).';
