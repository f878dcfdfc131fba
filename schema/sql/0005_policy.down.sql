-- Loses suppression: suppressed addresses
-- Loses departure: what limits have counted
DROP VIEW v_suppression;
DROP TABLE departure;
DROP TABLE suppression;
