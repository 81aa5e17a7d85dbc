-- Times are milliseconds since 1970, UTC. Every row that somebody owns names its principal.

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    principal TEXT NOT NULL,
    title TEXT,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    system_prompt_suffix TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    archived_at INTEGER,
    turn TEXT,     -- the message that is being worked on
    desk_id TEXT   -- the newest desk
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_of_principal ON sessions (principal, created_at DESC, id);
CREATE INDEX sessions_in_turn ON sessions (id) WHERE turn IS NOT NULL;

CREATE TABLE desks (
    id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    principal TEXT NOT NULL,
    slot INTEGER NOT NULL,
    image TEXT NOT NULL,
    nonce TEXT NOT NULL,
    network TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    state TEXT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    is_removed INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX desks_of_session ON desks (session_id);
-- Two desks that may exist at the same time never share user ids or an interface.
CREATE UNIQUE INDEX desks_slot ON desks (slot) WHERE is_removed = 0;

-- The conversation as the model sees it: raw JSON, byte by byte as it was sent or received.
CREATE TABLE messages (
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    principal TEXT NOT NULL,
    raw TEXT NOT NULL,
    PRIMARY KEY (session_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    principal TEXT NOT NULL,
    name TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (session_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE blobs (
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    hash TEXT NOT NULL,
    principal TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (session_id, hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX blobs_by_hash ON blobs (hash);
