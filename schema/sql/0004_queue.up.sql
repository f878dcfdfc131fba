-- The queue of outgoing mail. doc/queue.md explains the states and the views, which are the stable part.
-- Words are checked by instr: for a list of IN, SQLite makes a table each time a row is written.

-- record: an object with the members of the submission that do not change.
CREATE TABLE submission (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE CHECK (key <> ''), -- the idempotency key
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE RESTRICT,
    profile TEXT CHECK (profile <> ''),
    queue TEXT NOT NULL CHECK (queue <> ''),
    blob_id BLOB NOT NULL CHECK (length(blob_id) = 32),
    size INTEGER NOT NULL CHECK (size >= 0),
    message_id TEXT CHECK (message_id <> ''),
    mail_from TEXT, -- NULL: the null sender
    thread TEXT,
    email_id INTEGER, -- the email that it answers
    priority INTEGER NOT NULL,
    send_at INTEGER, -- the later of sendAt and undoUntil
    undo_until INTEGER,
    expires_at INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (instr(' queued sending sent deferred failed held canceled expired uncertain ', ' ' || status || ' ') > 0),
    next_at INTEGER, -- the earliest of its recipients; NULL: none is due, now or later
    waits_for TEXT,  -- what moved next_at: window, limit; NULL: its own times, or the last attempt
    attempts INTEGER NOT NULL DEFAULT 0, -- claims
    record TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    settled_at INTEGER, -- when its last recipient was
    copied INTEGER NOT NULL DEFAULT 0 CHECK (copied BETWEEN 0 AND 2) -- among the emails: 1 it was sent and must be, 2 it is
) STRICT;

-- What claim asks: for each priority from the highest on, in the order of time.
CREATE INDEX submission_due ON submission (priority, next_at, id) WHERE next_at IS NOT NULL;
CREATE INDEX submission_uncopied ON submission (id) WHERE copied = 1;
CREATE INDEX submission_open ON submission (id) WHERE settled_at IS NULL;
CREATE INDEX submission_status ON submission (status, created_at);
CREATE INDEX submission_account ON submission (account_id, created_at);
CREATE INDEX submission_message_id ON submission (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX submission_blob ON submission (blob_id);

-- One row for each recipient of a submission: its outcome.
CREATE TABLE recipient (
    id INTEGER PRIMARY KEY,
    submission_id INTEGER NOT NULL REFERENCES submission (id) ON DELETE CASCADE,
    address TEXT NOT NULL CHECK (address <> ''),
    domain TEXT NOT NULL, -- in lower case
    status TEXT NOT NULL CHECK (instr(' queued sending sent deferred failed held canceled expired uncertain ', ' ' || status || ' ') > 0),
    next_at INTEGER, -- queued and deferred ones
    lease TEXT, -- sending and uncertain ones
    attempts INTEGER NOT NULL DEFAULT 0,
    code INTEGER,
    enhanced_code TEXT,
    server TEXT, -- the last words of the server
    host TEXT,
    server_id TEXT,
    error_code TEXT,
    hint TEXT,
    last_at INTEGER, -- of the last attempt
    reported INTEGER NOT NULL DEFAULT 0 CHECK (reported BETWEEN 0 AND 1), -- its failure was told to the sender
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (submission_id, address)
) STRICT;

CREATE INDEX recipient_lease ON recipient (lease) WHERE status = 'sending';
CREATE INDEX recipient_status ON recipient (status, last_at);
CREATE INDEX recipient_address ON recipient (address);
CREATE INDEX recipient_server_id ON recipient (server_id) WHERE server_id IS NOT NULL;
CREATE INDEX recipient_unreported ON recipient (submission_id) WHERE reported = 0 AND (status = 'failed' OR status = 'expired');

-- Every attempt, in the words of the server. Only ever added to.
CREATE TABLE attempt (
    id INTEGER PRIMARY KEY,
    recipient_id INTEGER NOT NULL REFERENCES recipient (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    lease TEXT,
    status TEXT NOT NULL CHECK (instr(' sent deferred failed uncertain bounced ', ' ' || status || ' ') > 0),
    phase TEXT,
    code INTEGER,
    enhanced_code TEXT,
    server TEXT,
    host TEXT,
    port INTEGER,
    server_id TEXT,
    retry_at INTEGER,
    error_code TEXT,
    hint TEXT
) STRICT;

CREATE INDEX attempt_recipient ON attempt (recipient_id, number);
CREATE INDEX attempt_at ON attempt (at);

-- What stands still, and who stopped it. scope all: name is ''.
CREATE TABLE pause (
    scope TEXT NOT NULL CHECK (scope IN ('all', 'account', 'queue')),
    name TEXT NOT NULL,
    by TEXT NOT NULL,
    at INTEGER NOT NULL,
    reason TEXT,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;

CREATE VIEW v_queue AS
SELECT s.id, s.key, a.name AS account, s.profile, s.queue, s.status, r.address AS recipient, r.status AS recipient_status,
    s.priority, r.attempts, r.code, r.enhanced_code, r.server, r.host, r.server_id, r.error_code, r.lease,
    datetime(r.next_at, 'unixepoch') AS next, r.next_at, s.waits_for,
    datetime(r.last_at, 'unixepoch') AS last, r.last_at,
    datetime(s.created_at, 'unixepoch') AS created, s.created_at, s.expires_at,
    s.mail_from, s.message_id, json_extract(s.record, '$.subject') AS subject, s.size, lower(hex(s.blob_id)) AS blob_id, s.thread AS thread_id
FROM submission s
JOIN account a ON a.id = s.account_id
JOIN recipient r ON r.submission_id = s.id;

CREATE VIEW v_attempt AS
SELECT t.id, r.submission_id, r.address AS recipient, t.number, datetime(t.at, 'unixepoch') AS time, t.at, t.status, t.phase,
    t.code, t.enhanced_code, t.server, t.host, t.port, t.server_id, t.retry_at, t.error_code, t.hint, t.lease
FROM attempt t
JOIN recipient r ON r.id = t.recipient_id;
