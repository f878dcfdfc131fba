-- The store of received mail. doc/store.md explains each table and the views, which are the stable part.
-- Times are seconds since 1970 UTC; JSON columns hold members of the email record as they are printed.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE CHECK (name <> ''),
    created_at INTEGER NOT NULL DEFAULT (unixepoch()),
    updated_at INTEGER NOT NULL DEFAULT (unixepoch())
) STRICT;

CREATE TABLE mailbox (
    id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name TEXT NOT NULL CHECK (name <> ''),
    role TEXT CHECK (role IN ('all', 'archive', 'drafts', 'flagged', 'important', 'inbox', 'junk', 'sent', 'trash')),
    created_at INTEGER NOT NULL DEFAULT (unixepoch()),
    updated_at INTEGER NOT NULL DEFAULT (unixepoch()),
    UNIQUE (account_id, name)
) STRICT;

CREATE TABLE address (
    id INTEGER PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL DEFAULT (unixepoch())
) STRICT;

-- One row a message of an account: what queries filter and sort by. Its JSON is in email_record, which keeps these
-- rows narrow. The number of a row that was removed is never given again: full text may still know it.
CREATE TABLE email (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    blob_id BLOB NOT NULL CHECK (length(blob_id) = 32),
    size INTEGER NOT NULL CHECK (size >= 0),
    received_at INTEGER NOT NULL,
    sent_at INTEGER,
    thread INTEGER, -- a row of thread (0002)
    message_id TEXT CHECK (message_id <> ''),
    from_id INTEGER REFERENCES address (id),
    list_id TEXT,
    -- with IN each insert would fill a table of the words
    importance TEXT CHECK (importance = 'low' OR importance = 'normal' OR importance = 'high'),
    direction TEXT CHECK (direction = 'inbound' OR direction = 'outbound' OR direction = 'internal'),
    category TEXT,
    has_attachment INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    flagged INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    draft INTEGER NOT NULL,
    extraction INTEGER NOT NULL,
    index_digest INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (blob_id, account_id),
    CHECK (has_attachment | seen | flagged | answered | draft IN (0, 1)) -- each of them
) STRICT;

CREATE INDEX email_received ON email (received_at, blob_id);
CREATE INDEX email_thread ON email (thread, received_at) WHERE thread IS NOT NULL;
CREATE INDEX email_message_id ON email (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX email_from ON email (from_id) WHERE from_id IS NOT NULL;
CREATE INDEX email_list ON email (list_id) WHERE list_id IS NOT NULL;
CREATE INDEX email_category ON email (category) WHERE category IS NOT NULL;
CREATE INDEX email_unread ON email (received_at) WHERE seen = 0;

-- record: an object with the members that do not change. Those before octet `split` are printed before threadId.
CREATE TABLE email_record (
    id INTEGER PRIMARY KEY REFERENCES email (id) ON DELETE CASCADE,
    mailboxes TEXT,
    keywords TEXT,
    split INTEGER NOT NULL,
    record TEXT NOT NULL
) STRICT;

CREATE TABLE email_mailbox (
    email_id INTEGER NOT NULL REFERENCES email (id) ON DELETE CASCADE,
    mailbox_id INTEGER NOT NULL REFERENCES mailbox (id) ON DELETE CASCADE,
    PRIMARY KEY (email_id, mailbox_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX email_mailbox_mailbox ON email_mailbox (mailbox_id, email_id);

CREATE TABLE email_keyword (
    email_id INTEGER NOT NULL REFERENCES email (id) ON DELETE CASCADE,
    keyword TEXT NOT NULL CHECK (keyword <> ''),
    PRIMARY KEY (email_id, keyword)
) STRICT, WITHOUT ROWID;

CREATE INDEX email_keyword_keyword ON email_keyword (keyword, email_id);

-- Where on a server a message was seen.
CREATE TABLE message_location (
    mailbox_id INTEGER NOT NULL REFERENCES mailbox (id) ON DELETE CASCADE,
    uid_validity INTEGER NOT NULL CHECK (uid_validity >= 0),
    uid INTEGER NOT NULL CHECK (uid > 0),
    email_id INTEGER NOT NULL REFERENCES email (id) ON DELETE CASCADE,
    PRIMARY KEY (mailbox_id, uid_validity, uid)
) STRICT, WITHOUT ROWID;

CREATE INDEX message_location_email ON message_location (email_id);

-- Everything up to last_uid is stored, but for the holes.
CREATE TABLE cursor (
    id INTEGER PRIMARY KEY,
    mailbox_id INTEGER NOT NULL REFERENCES mailbox (id) ON DELETE CASCADE,
    uid_validity INTEGER NOT NULL CHECK (uid_validity >= 0),
    last_uid INTEGER NOT NULL CHECK (last_uid >= 0),
    created_at INTEGER NOT NULL DEFAULT (unixepoch()),
    updated_at INTEGER NOT NULL DEFAULT (unixepoch()),
    UNIQUE (mailbox_id, uid_validity)
) STRICT;

CREATE TABLE hole (
    cursor_id INTEGER NOT NULL REFERENCES cursor (id) ON DELETE CASCADE,
    first INTEGER NOT NULL CHECK (first > 0),
    last INTEGER NOT NULL CHECK (last >= first),
    PRIMARY KEY (cursor_id, first)
) STRICT, WITHOUT ROWID;

CREATE TABLE poll (
    id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    mailbox TEXT NOT NULL,
    protocol TEXT NOT NULL,
    host TEXT NOT NULL,
    uid_validity INTEGER,
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    found INTEGER NOT NULL CHECK (found >= 0),
    fetched INTEGER NOT NULL CHECK (fetched >= 0),
    failed INTEGER NOT NULL CHECK (failed >= 0),
    octets INTEGER NOT NULL CHECK (octets >= 0),
    status TEXT NOT NULL CHECK (status IN ('ok', 'partial', 'failed')),
    code TEXT,
    error TEXT,
    created_at INTEGER NOT NULL DEFAULT (unixepoch())
) STRICT;

CREATE INDEX poll_account ON poll (account_id, mailbox, ended_at);

CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind <> ''),
    email_id INTEGER,
    account_id INTEGER,
    thread INTEGER,
    detail TEXT
) STRICT;

CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT raise(ABORT, 'events are only ever added'); END;
CREATE TRIGGER event_no_delete BEFORE DELETE ON event BEGIN SELECT raise(ABORT, 'events are only ever added'); END;

-- rowid = email.id. Nothing is stored but the index; its texts are made by lib/store/fulltext.h.
CREATE VIRTUAL TABLE email_text USING fts5 (
    subject, "from", "to", cc, bcc, filename, body,
    content = '', detail = full, tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO email_text (email_text, rank) VALUES ('hashsize', 67108864);
