-- The stable part: sqlite3 mail.db is a supported client of these.
CREATE VIEW v_email AS
SELECT e.id, a.name AS account, lower(hex(e.blob_id)) AS blob_id, e.size,
    datetime(e.received_at, 'unixepoch') AS received, e.received_at,
    datetime(e.sent_at, 'unixepoch') AS sent, e.sent_at,
    t.name AS thread_id,
    e.message_id, f.email AS from_email,
    json_extract(r.record, '$.from[0].name') AS from_name,
    json_extract(r.record, '$.subject') AS subject,
    json_extract(r.record, '$.preview') AS preview,
    json_extract(r.record, '$.from') AS "from",
    json_extract(r.record, '$.to') AS "to",
    json_extract(r.record, '$.cc') AS cc,
    json_extract(r.record, '$.attachments') AS attachments,
    e.has_attachment, e.list_id, e.importance, e.direction, e.category,
    e.seen, e.flagged, e.answered, e.draft,
    r.mailboxes, r.keywords, e.created_at, e.updated_at
FROM email e
JOIN account a ON a.id = e.account_id
JOIN email_record r ON r.id = e.id
LEFT JOIN thread t ON t.id = e.thread
LEFT JOIN address f ON f.id = e.from_id;

CREATE VIEW v_thread AS
SELECT t.name AS thread_id, count(*) AS emails, sum(e.seen = 0) AS unread, count(DISTINCT e.from_id) AS senders,
    sum(e.size) AS size, min(e.received_at) AS first_at, max(e.received_at) AS last_at
FROM email e
JOIN thread t ON t.id = e.thread
GROUP BY e.thread;

CREATE VIEW v_poll AS
SELECT p.id, a.name AS account, p.mailbox, p.protocol, p.host, p.uid_validity,
    datetime(p.started_at, 'unixepoch') AS started, p.started_at,
    datetime(p.ended_at, 'unixepoch') AS ended, p.ended_at,
    p.found, p.fetched, p.failed, p.octets, p.status, p.code, p.error
FROM poll p
JOIN account a ON a.id = p.account_id;

CREATE VIEW v_mailbox AS
SELECT m.id, a.name AS account, m.name AS mailbox, m.role,
    (SELECT count(*) FROM email_mailbox x WHERE x.mailbox_id = m.id) AS emails,
    (SELECT count(*) FROM email_mailbox x JOIN email e ON e.id = x.email_id WHERE x.mailbox_id = m.id AND e.seen = 0) AS unread,
    c.uid_validity, c.last_uid,
    (SELECT sum(h.last - h.first + 1) FROM hole h WHERE h.cursor_id = c.id) AS missing
FROM mailbox m
JOIN account a ON a.id = m.account_id
LEFT JOIN cursor c ON c.id = (SELECT id FROM cursor WHERE mailbox_id = m.id ORDER BY updated_at DESC, id DESC LIMIT 1);
