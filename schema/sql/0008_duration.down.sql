DROP VIEW v_attempt;
ALTER TABLE attempt DROP COLUMN duration_ms;

CREATE VIEW v_attempt AS
SELECT t.id, r.submission_id, r.address AS recipient, t.number, datetime(t.at, 'unixepoch') AS time, t.at, t.status, t.phase,
    t.code, t.enhanced_code, t.server, t.host, t.port, t.server_id, t.retry_at, t.error_code, t.hint, t.lease
FROM attempt t
JOIN recipient r ON r.id = t.recipient_id;
