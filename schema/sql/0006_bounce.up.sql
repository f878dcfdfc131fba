-- What other servers reported of mail that was sent. doc/bounces.md explains it; the view is the stable part.

-- One row for each recipient that a report names, and one with '' for a report that names none. Nothing here is ever removed.
CREATE TABLE bounce (
    id INTEGER PRIMARY KEY,
    blob_id BLOB NOT NULL CHECK (length(blob_id) = 32), -- the report
    recipient TEXT NOT NULL, -- as the report names it
    submission_id INTEGER, -- NULL: nothing in the queue fits
    address TEXT, -- the recipient of that submission
    found_by TEXT CHECK (found_by IN ('envid', 'message-id', 'verp', 'reply')),
    kind TEXT NOT NULL,
    class TEXT NOT NULL,
    action TEXT,
    status TEXT,
    diagnostic TEXT,
    reporting_mta TEXT,
    message_id TEXT, -- of the returned message
    at INTEGER NOT NULL, -- when the report came
    created_at INTEGER NOT NULL,
    UNIQUE (blob_id, recipient)
) STRICT;

CREATE INDEX bounce_submission ON bounce (submission_id) WHERE submission_id IS NOT NULL;
CREATE INDEX bounce_at ON bounce (at);

-- Who asks by an envelope id, or by an envelope address of its own.
CREATE INDEX submission_envid ON submission (json_extract(record, '$.envid')) WHERE json_extract(record, '$.envid') IS NOT NULL;

CREATE VIEW v_bounce AS
SELECT id, lower(hex(blob_id)) AS blob_id, recipient, submission_id, address, found_by, kind, class, action, status, diagnostic,
    reporting_mta, message_id, datetime(at, 'unixepoch') AS time, at
FROM bounce;
