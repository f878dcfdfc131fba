-- Loses thread: threads
UPDATE email SET thread = NULL WHERE thread IS NOT NULL;
DROP TABLE thread_subject;
DROP TABLE thread_message_id;
DROP TABLE thread;
