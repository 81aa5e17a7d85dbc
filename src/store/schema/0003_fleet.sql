-- A desk has a life of its own: a warm one belongs to no session and to nobody yet. What it is like is kept
-- with it, so that what replaces it is like it.
CREATE TABLE new_desks (
    id TEXT PRIMARY KEY,
    session_id TEXT REFERENCES sessions (id) ON DELETE CASCADE,  -- null: warm
    principal TEXT NOT NULL,                                     -- '' of a warm one
    slot INTEGER NOT NULL,
    image TEXT NOT NULL,
    nonce TEXT NOT NULL,
    network TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    memory INTEGER NOT NULL,     -- bytes; 0: a row of an older program, which did not say
    cpu_percent INTEGER NOT NULL,
    processes INTEGER NOT NULL,
    disk INTEGER NOT NULL,       -- bytes
    workspace TEXT NOT NULL,     -- ''; none
    workspace_home INTEGER NOT NULL,
    shares_workspace INTEGER NOT NULL,
    state TEXT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    is_removed INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO new_desks
SELECT id, session_id, principal, slot, image, nonce, network, width, height, 0, 0, 0, 0, '', 0, 0, state, code, reason,
       is_removed, created_at
FROM desks;

DROP TABLE desks;

ALTER TABLE new_desks RENAME TO desks;

CREATE INDEX desks_of_session ON desks (session_id);

-- Two desks that may exist at the same time never share user ids or an interface.
CREATE UNIQUE INDEX desks_slot ON desks (slot) WHERE is_removed = 0;

-- The name by which its owner asks for the same session again.
ALTER TABLE sessions ADD COLUMN key TEXT;

-- What becomes of its desk when nobody uses it, and when; null: as the server says.
ALTER TABLE sessions ADD COLUMN on_idle TEXT;

ALTER TABLE sessions ADD COLUMN idle_seconds INTEGER;

ALTER TABLE sessions ADD COLUMN max_age_seconds INTEGER;

-- The blob of the last picture of a desk that is paused.
ALTER TABLE sessions ADD COLUMN paused_picture TEXT;

-- An archived session leaves its key to the next one.
CREATE UNIQUE INDEX sessions_by_key ON sessions (principal, key)
WHERE key IS NOT NULL AND archived_at IS NULL AND purged_at IS NULL;
