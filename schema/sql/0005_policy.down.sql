DROP VIEW v_suppression;
DROP TABLE departure;
DROP TABLE suppression;
