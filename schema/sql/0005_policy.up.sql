-- Who must not be written to, and what left when. doc/queue.md explains them; the view is the stable part.

CREATE TABLE suppression (
    id INTEGER PRIMARY KEY,
    address TEXT NOT NULL CHECK (address <> ''), -- the domain in lower case; '@example.com': all of it
    account TEXT NOT NULL, -- '': every account
    reason TEXT NOT NULL CHECK (reason IN ('bounce', 'complaint', 'manual', 'unsubscribe')),
    detail TEXT, -- the server's words, or what a person said
    submission_id INTEGER, -- what bounced
    by TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER, -- NULL: never
    UNIQUE (address, account)
) STRICT;

-- Recipients that were handed to mail-send, counted by second, for a day: what limits are counted on.
CREATE TABLE departure (
    domain TEXT NOT NULL,
    at INTEGER NOT NULL,
    account TEXT NOT NULL,
    profile TEXT NOT NULL,
    queue TEXT NOT NULL,
    n INTEGER NOT NULL CHECK (n > 0),
    PRIMARY KEY (domain, at, account, profile, queue)
) STRICT, WITHOUT ROWID;

CREATE INDEX departure_account ON departure (account, at);
CREATE INDEX departure_at ON departure (at);

CREATE VIEW v_suppression AS
SELECT address, account, reason, detail, submission_id, by, datetime(created_at, 'unixepoch') AS created, created_at,
    datetime(expires_at, 'unixepoch') AS expires, expires_at
FROM suppression;
