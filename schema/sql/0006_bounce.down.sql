DROP VIEW v_bounce;
DROP INDEX submission_envid;
DROP TABLE bounce;
