DROP VIEW v_mailbox;
DROP VIEW v_poll;
DROP VIEW v_thread;
DROP VIEW v_email;
