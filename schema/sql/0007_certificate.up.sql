-- When the certificates of servers end, as the last poll saw them. doc/health.md tells what becomes of it.
CREATE TABLE certificate (
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    protocol TEXT NOT NULL,
    host TEXT NOT NULL,
    ends_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, protocol, host)
) STRICT, WITHOUT ROWID;
