-- Instants are microseconds since 1970-01-01 UTC, durations are microseconds.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row: what the job is bound to and how it stands.
CREATE TABLE job (
    one           INTEGER PRIMARY KEY CHECK (one = 1),
    job_id        TEXT,
    target        TEXT,               -- origin and path of the tenant URL
    tenant        TEXT,
    state         TEXT NOT NULL,      -- not-run, active, paused, quarantine, disabled
    state_reason  TEXT,
    state_message TEXT,
    state_since   INTEGER
) STRICT;
INSERT INTO job (one, state) VALUES (1, 'not-run');

-- At most one row: the source when the last complete cycle ended.
CREATE TABLE watermark (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    attributes  TEXT NOT NULL,        -- JSON array of names, in the order of object.fingerprints
    rules       TEXT NOT NULL,        -- SHA-256, hex
    scope       TEXT NOT NULL,
    ended       INTEGER NOT NULL,
    users       BLOB NOT NULL,        -- sorted 64-bit hashes, little-endian
    assignments BLOB NOT NULL,
    memberships BLOB NOT NULL
) STRICT;

CREATE TABLE object (
    source_id     TEXT NOT NULL,
    kind          TEXT NOT NULL,      -- User, Group
    name          TEXT NOT NULL,      -- user principal name or display name when last seen
    target_id     TEXT,               -- the link
    standing      TEXT NOT NULL,      -- in-scope, out-of-scope, disabled, soft-deleted
    fingerprints  BLOB NOT NULL,      -- count (u32), presence bits, then the present ones as u64, little-endian
    deleted_since INTEGER,
    failures      INTEGER,            -- the four of a failed export are set together
    failed_first  INTEGER,
    error_code    TEXT,
    error_message TEXT,
    PRIMARY KEY (source_id, kind)
) STRICT;

CREATE TABLE cycle (
    number             INTEGER PRIMARY KEY,
    id                 TEXT NOT NULL,
    kind               TEXT NOT NULL, -- initial, incremental
    started            INTEGER NOT NULL,
    duration           INTEGER,       -- null while it runs, and for good when it was killed
    completed          INTEGER,
    actions            TEXT,          -- JSON object: action → count
    skipped            TEXT,          -- JSON object: reason code → count
    requests           TEXT,          -- JSON object: method → count
    quarantine_code    TEXT,
    quarantine_message TEXT
) STRICT;

-- The provisioning log.
CREATE TABLE log (
    number        INTEGER PRIMARY KEY,
    cycle         INTEGER REFERENCES cycle (number),
    at            INTEGER NOT NULL,
    source_id     TEXT NOT NULL,
    name          TEXT NOT NULL,
    kind          TEXT NOT NULL,
    action        TEXT NOT NULL,
    reason        TEXT NOT NULL,      -- code
    detail        TEXT,
    target_id     TEXT,
    changes       TEXT,               -- JSON array of {attribute, old, new}; null for none
    error_code    TEXT,
    error_message TEXT,
    duration      INTEGER NOT NULL
) STRICT;
CREATE INDEX log_cycle ON log (cycle);
CREATE INDEX log_at ON log (at);
