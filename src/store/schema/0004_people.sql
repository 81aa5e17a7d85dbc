-- People: the keys that were given to them, and links for those without one. Of either only a digest is kept:
-- SHA-256 as 64 hexadecimal digits, of a secret that is random.

CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    principal TEXT NOT NULL,
    role TEXT NOT NULL,
    name TEXT NOT NULL,         -- what its giver calls it
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,       -- to the minute
    expires_at INTEGER,
    revoked_at INTEGER,
    most_desks INTEGER,
    cpu_percent INTEGER,
    memory_mb INTEGER
) STRICT, WITHOUT ROWID;

-- Where the user's own key of a model's vendor stands: file:NAME or env:NAME, never the key itself.
CREATE TABLE key_models (
    key_id TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    provider TEXT NOT NULL,
    reference TEXT NOT NULL,
    PRIMARY KEY (key_id, provider)
) STRICT, WITHOUT ROWID;

CREATE TABLE links (
    id TEXT PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    principal TEXT NOT NULL,    -- whose session it is
    key_id TEXT NOT NULL,       -- of who made it; empty when that was none of the table's
    role TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX links_of_session ON links (session_id);
