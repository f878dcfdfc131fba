-- Loses submission: the queue
DROP VIEW v_attempt;
DROP VIEW v_queue;
DROP TABLE pause;
DROP TABLE attempt;
DROP TABLE recipient;
DROP TABLE submission;
