-- Loses bounce: what was reported of mail that was sent
DROP VIEW v_bounce;
DROP INDEX submission_envid;
DROP TABLE bounce;
