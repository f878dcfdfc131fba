-- Threads: email.thread names a row of thread whose `joined` is NULL.
CREATE TABLE thread (
    id     INTEGER PRIMARY KEY,
    hash   INTEGER NOT NULL,                -- the smallest (unsigned) hash of its message ids
    joined INTEGER,                         -- the thread that swallowed this one; NULL: it lives
    name   TEXT GENERATED ALWAYS AS (printf('t%016x', hash)) VIRTUAL
) STRICT;

-- Every message id that an email bears or names, by its hash. The thread may have been swallowed: follow thread.joined.
CREATE TABLE thread_message_id (
    hash   INTEGER PRIMARY KEY,
    thread INTEGER NOT NULL
) STRICT;

-- What a later reply without In-Reply-To and References may belong to: one row for each of an email's people.
CREATE TABLE thread_subject (
    pair    INTEGER NOT NULL,               -- hash of base subject, sender and the other
    kind    INTEGER NOT NULL,               -- enum thread_kind
    time    INTEGER NOT NULL,
    message INTEGER NOT NULL,               -- hash of its message id
    PRIMARY KEY (pair, kind, time, message)
) STRICT, WITHOUT ROWID;
