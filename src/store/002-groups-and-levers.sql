-- A quarantine is retried from next_attempt on; the rest of the new columns is what the job remembers beside its state.
ALTER TABLE job ADD COLUMN state_attempts INTEGER;
ALTER TABLE job ADD COLUMN next_attempt INTEGER;
ALTER TABLE job ADD COLUMN notified TEXT;                 -- reason that the last notification named
ALTER TABLE job ADD COLUMN steady_first INTEGER;
ALTER TABLE job ADD COLUMN steady_last INTEGER;
ALTER TABLE job ADD COLUMN escrows_pruned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN failures_in_a_row INTEGER NOT NULL DEFAULT 0;
-- A quarantine of the first format had no schedule: it is due at once.
UPDATE job SET state_attempts = 1, next_attempt = state_since WHERE state = 'quarantine';

-- The eight of a failed export are set together.
ALTER TABLE object ADD COLUMN failed_seen INTEGER;        -- 64-bit hash of the source data at the last try, 0 for not known
ALTER TABLE object ADD COLUMN failed_last INTEGER;        -- the last try
ALTER TABLE object ADD COLUMN failed_part TEXT;           -- export, reference
ALTER TABLE object ADD COLUMN failed_action TEXT;
UPDATE object SET failed_seen = 0, failed_last = failed_first, failed_part = 'export', failed_action = 'update' WHERE failures IS NOT NULL;

-- A disable or delete that is held back.
ALTER TABLE object ADD COLUMN staged_since INTEGER;
ALTER TABLE object ADD COLUMN staged_until INTEGER;       -- allowed until then; null while it isn't

ALTER TABLE cycle ADD COLUMN done INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cycle ADD COLUMN due INTEGER;                 -- null until it is known
ALTER TABLE cycle ADD COLUMN reference_requests INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cycle ADD COLUMN reference_failures INTEGER NOT NULL DEFAULT 0;

ALTER TABLE watermark ADD COLUMN groups BLOB NOT NULL DEFAULT x'';

-- References of a group or a user that were sent, or seen without an account.
CREATE TABLE reference (
    owner      TEXT NOT NULL,         -- source id
    kind       TEXT NOT NULL,         -- the owner's: User, Group
    attribute  TEXT NOT NULL,         -- members, or the target attribute
    referenced TEXT NOT NULL,         -- source id
    sent       INTEGER NOT NULL,      -- 1 sent, 0 the referenced object had no link
    PRIMARY KEY (owner, kind, attribute, referenced)
) STRICT, WITHOUT ROWID;

CREATE INDEX reference_referenced ON reference (referenced);
