-- Every file of the archive that a row is traced to.
SELECT DISTINCT warc_file FROM captures ORDER BY warc_file
