-- How long each attempt took, in milliseconds. NULL: nobody measured it.
ALTER TABLE attempt ADD COLUMN duration_ms INTEGER;

DROP VIEW v_attempt;
CREATE VIEW v_attempt AS
SELECT t.id, r.submission_id, r.address AS recipient, t.number, datetime(t.at, 'unixepoch') AS time, t.at, t.status, t.phase,
    t.code, t.enhanced_code, t.server, t.host, t.port, t.server_id, t.retry_at, t.error_code, t.hint, t.lease, t.duration_ms
FROM attempt t
JOIN recipient r ON r.id = t.recipient_id;
