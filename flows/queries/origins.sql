-- Where the rows of the ledger have come from.
SELECT DISTINCT origin FROM runs;
