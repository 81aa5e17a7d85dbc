-- A picture in a message is the place where its base64 stood and the file of its blob, not a second copy.
CREATE TABLE message_pictures (
    session_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    place INTEGER NOT NULL,  -- how many bytes of the message's raw come before it
    hash TEXT NOT NULL,
    PRIMARY KEY (session_id, position, place),
    FOREIGN KEY (session_id, position) REFERENCES messages (session_id, position) ON DELETE CASCADE,
    FOREIGN KEY (session_id, hash) REFERENCES blobs (session_id, hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX message_pictures_by_blob ON message_pictures (session_id, hash);

-- Messages that may hold pictures themselves: those of before. They are gone through behind.
CREATE TABLE whole_messages (
    session_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (session_id, position),
    FOREIGN KEY (session_id, position) REFERENCES messages (session_id, position) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

INSERT INTO whole_messages (session_id, position) SELECT session_id, position FROM messages;

-- From then on the session is no more; what it has is removed in steps.
ALTER TABLE sessions ADD COLUMN purged_at INTEGER;

CREATE INDEX sessions_purged ON sessions (id) WHERE purged_at IS NOT NULL;
