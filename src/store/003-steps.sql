ALTER TABLE log ADD COLUMN change_id BLOB;                -- 16 bytes of a GUID; null for entries of earlier versions

-- How each object was worked on, apart from the log so that this stays quick to look through.
CREATE TABLE trace (
    number INTEGER PRIMARY KEY REFERENCES log (number) ON DELETE CASCADE,
    trace  TEXT NOT NULL              -- JSON: steps, exchanges, what was tried, the next try
) STRICT;
