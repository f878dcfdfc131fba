-- Loses email: the mail
-- Loses cursor: how far mailboxes were fetched
DROP TABLE email_text;
DROP TABLE event;
DROP TABLE poll;
DROP TABLE hole;
DROP TABLE cursor;
DROP TABLE message_location;
DROP TABLE email_keyword;
DROP TABLE email_mailbox;
DROP TABLE email_record;
DROP TABLE email;
DROP TABLE address;
DROP TABLE mailbox;
DROP TABLE account;
DROP TABLE meta;
