#include "record/record.h"
#include "tap.h"

static arena mem;

static const str FULL = S(
    "{\"type\":\"email\",\"v\":1,\"id\":4711,\"blobId\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\","
    "\"path\":\"a/b.mbox\",\"offset\":0,\"length\":48300,\"format\":\"mboxrd\",\"raw\":\"aGk=\",\"size\":48213,\"account\":\"support\","
    "\"mailboxes\":[\"INBOX\",\"Entw\xC3\xBCrfe\"],\"keywords\":[\"$seen\"],\"receivedAt\":\"2026-08-22T10:01:07Z\","
    "\"sentAt\":\"2026-08-22T12:01:02+02:00\",\"messageId\":[\"abc@example.com\"],\"inReplyTo\":null,\"references\":null,"
    "\"threadId\":\"t91f0c2a47b3e6d58\",\"mergedThreads\":[\"t01\"],\"from\":[{\"name\":\"John \\\"J\\\" Doe\",\"email\":\"john@example.com\"}],"
    "\"to\":[{\"name\":null,\"email\":\"a@b\"},{\"name\":\"B\",\"email\":\"b@b\"}],\"cc\":null,\"bcc\":null,\"replyTo\":null,\"sender\":null,"
    "\"subject\":\"\",\"preview\":\"line one\\nline two\",\"text\":\"line one\\r\\nline two\\t\\u0001\",\"textFrom\":\"plain\",\"textParts\":1,"
    "\"html\":null,\"truncated\":[\"text\"],\"attachments\":[{\"partId\":\"2\",\"name\":\"i.pdf\",\"type\":\"application/pdf\",\"size\":40122,"
    "\"sha256\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\"disposition\":\"attachment\",\"cid\":null}],"
    "\"hasAttachment\":true,\"structure\":\"multipart/mixed(text/plain,application/pdf)\",\"importance\":\"normal\","
    "\"list\":{\"id\":\"l.example.com\",\"post\":null},\"direction\":\"inbound\",\"autoSubmitted\":\"no\",\"category\":null,\"status\":\"open\","
    "\"bounce\":null,\"extracted\":{\"name\":\"John\"},\"defects\":[{\"code\":\"charset.unknown\",\"offset\":123},{\"code\":\"x\",\"offset\":null}],\"repairs\":[],"
    "\"headers\":[{\"name\":\"X-A\",\"value\":\"b\"}],\"source\":{\"protocol\":\"imap\",\"host\":\"h\",\"mailbox\":\"INBOX\",\"uidValidity\":7,"
    "\"uid\":4711,\"after\":4708,\"modseq\":\"90210\",\"fetchedAt\":\"2026-08-22T10:02:00Z\"},\"zeta\":{\"a\":[1, 2]},\"alpha\":\"x\\ty\"}\n");

static const str SUBMISSION = S(
    "{\"type\":\"submission\",\"v\":1,\"id\":7,\"idempotencyKey\":\"k 1\",\"account\":\"support\",\"profile\":\"BILLS\",\"queue\":\"bulk\","
    "\"blobId\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\"path\":\"/a/b\",\"raw\":\"aGk=\",\"size\":2,"
    "\"messageId\":[\"m@x\"],\"envelope\":{\"mailFrom\":null,\"rcptTo\":[\"a@b\",\"\\\"c d\\\"@e\"]},\"from\":[{\"name\":\"A\",\"email\":\"a@b\"}],\"to\":null,"
    "\"cc\":null,\"bcc\":null,\"subject\":\"s\",\"threadId\":\"t1\",\"emailId\":5,\"inReplyTo\":[\"n@x\"],\"priority\":-3,\"sendAt\":\"2026-08-22T10:01:07Z\","
    "\"undoUntil\":null,\"expiresAt\":\"2026-08-27T10:01:07Z\",\"notify\":\"failure,delay\",\"ret\":\"hdrs\",\"envid\":\"e\",\"smtputf8\":false,\"body8bit\":true,"
    "\"tags\":[\"x\"],\"attempt\":2,\"lease\":\"l1\",\"leasePath\":\"/q/l1\",\"status\":\"sending\",\"createdAt\":\"2026-08-22T10:01:07Z\","
    "\"autoSubmitted\":\"no\",\"mine\":{\"a\":1}}\n");
static const str DELIVERY = S(
    "{\"type\":\"delivery\",\"v\":1,\"submissionId\":7,\"lease\":\"l1\",\"leasePath\":\"/q/l1\",\"account\":\"support\",\"recipient\":\"a@b\",\"messageId\":[\"m@x\"],"
    "\"status\":\"deferred\",\"phase\":\"rcpt\",\"code\":451,\"enhancedCode\":\"4.7.1\",\"server\":\"later\",\"host\":\"mx\",\"port\":25,\"serverId\":\"Q1\","
    "\"at\":\"2026-08-22T10:01:07Z\",\"attempt\":2,\"retryAt\":null,\"errorCode\":null,\"hint\":null,\"durationMs\":0,\"mine\":1}\n");

static bool read_line(str line, struct record *out, struct err *e) { return record_read(&mem, line, "stdin", 3, out, e); }

/* The same for the records of the queue. */
static str queue_again(str line)
{
    struct record r;
    struct err e = {0};
    unsigned types = RECORD_BIT(RECORD_SUBMISSION) | RECORD_BIT(RECORD_DELIVERY);
    if (!record_read_types(&mem, line, "stdin", 3, types, &r, &e))
        return str_copy(&mem, str_c(e.text));
    struct buf b = buf_new(&mem, 256);
    if (r.type == RECORD_SUBMISSION)
        record_write_submission(&b, &r.submission);
    else if (r.type == RECORD_DELIVERY)
        record_write_delivery(&b, &r.delivery);
    return buf_str(&b);
}

static void test_queue(void)
{
    is_str(queue_again(str_first(SUBMISSION, SUBMISSION.len - 1)), SUBMISSION, "every member of a submission comes back");
    is_str(queue_again(str_first(DELIVERY, DELIVERY.len - 1)), DELIVERY, "every member of a delivery comes back");
    struct record r;
    struct err e;
    ok(record_read(&mem, SUBMISSION, "stdin", 1, &r, &e) && r.type == RECORD_OTHER, "who does not handle it passes it on");
    ok(record_read(&mem, S("{\"type\":\"submission\",\"v\":9,\"id\":\"x\"}"), "stdin", 1, &r, &e), "whatever is in it");
    static const struct {
        str in, want;
    } cases[] = {
        {S("{\"type\":\"submission\",\"envelope\":{\"rcptTo\":\"a@b\"}}"), S("{\"type\":\"submission\",\"v\":1,\"envelope\":{\"rcptTo\":[\"a@b\"]}}\n")},
        {S("{\"type\":\"submission\",\"envelope\":null,\"mailFrom\":1}"), S("{\"type\":\"submission\",\"v\":1,\"envelope\":{\"rcptTo\":null},\"mailFrom\":1}\n")},
        {S("{\"type\":\"submission\",\"envelope\":{\"mailFrom\":\"\",\"rcptTo\":[\"a@b\"]}}"),
         S("{\"type\":\"submission\",\"v\":1,\"envelope\":{\"mailFrom\":null,\"rcptTo\":[\"a@b\"]}}\n")},
        {S("{\"type\":\"submission\",\"envelope\":{\"rcptTo\":[\"a@b\\r\\nDATA\"]}}"),
         S("stdin: line 3: envelope must be an object {mailFrom,rcptTo}: addresses without a name, or null")},
        {S("{\"type\":\"submission\",\"envelope\":{\"rcptTo\":[\"<a@b>\"]}}"),
         S("stdin: line 3: envelope must be an object {mailFrom,rcptTo}: addresses without a name, or null")},
        {S("{\"type\":\"submission\",\"priority\":\"x\"}"), S("stdin: line 3: priority must be an integer")},
        {S("{\"type\":\"delivery\",\"status\":\"sent\"}"), S("stdin: line 3: a delivery names its recipient")},
        {S("{\"type\":\"delivery\",\"recipient\":\"a@b\",\"status\":\"gone\"}"), S("stdin: line 3: status must be sent, deferred, failed or uncertain")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        is_str(queue_again(cases[i].in), cases[i].want, "%.*s", STR_ARG(cases[i].in));
    struct submission m = {0};
    record_read_types(&mem, S("{\"type\":\"submission\",\"from\":\"A <a@b>\",\"to\":[\"c@d\",\"E <e@f>\"],\"cc\":\"c@d\",\"bcc\":\"g@h\"}"), "stdin", 1, ~0u, &r, &e);
    m = r.submission;
    submission_fill_envelope(&mem, &m);
    is_str(m.envelope.mail_from, S("a@b"), "the sender of an envelope that is not there");
    is_int(m.envelope.rcpt_to.n, 3, "its recipients, each once");
}

/* What is written of what was read. */
static str again(str line)
{
    struct record r;
    struct err e = {0};
    if (!read_line(line, &r, &e))
        return str_copy(&mem, str_c(e.text));
    struct buf b = buf_new(&mem, 256);
    if (r.type == RECORD_EMAIL)
        record_write_email(&b, &r.email);
    else if (r.type == RECORD_POLL)
        record_write_poll(&b, &r.poll);
    else if (r.type == RECORD_ERROR)
        record_write_error(&b, "mail-fetch", &r.error, S("\"account\":\"a\",\"uid\":7"));
    else
        buf_put(&b, r.line);
    return buf_str(&b);
}

static void test_full(void)
{
    is_str(again(str_first(FULL, FULL.len - 1)), FULL, "every member comes back as it stood");
    struct record r;
    struct err e;
    ok(read_line(FULL, &r, &e) && r.type == RECORD_EMAIL, "an email");
    const struct email *m = &r.email;
    is_int(m->id, 4711, "id");
    is_int(m->received_at, 1787392867, "receivedAt");
    is_int(m->sent_at, 1787392862, "sentAt");
    is_int(m->sent_zone, 120, "its offset");
    is_str(m->from.item[0].name, S("John \"J\" Doe"), "a name without its escapes");
    is_str(m->text, S("line one\r\nline two\t\x01"), "text");
    ok(email_has(m, EMAIL_CC) && !m->cc.n && email_has(m, EMAIL_SUBJECT) && m->subject.ptr && !m->subject.len, "null, and empty");
    is_int(m->defects[1].offset, -1, "a defect without a place");
    is_int(m->source.after, 4708, "source");
    ok(m->has_attachment && m->n_attachments == 1 && m->attachments[0].size == 40122, "attachments");
    is_str(m->unknown, S("\"zeta\":{\"a\":[1, 2]},\"alpha\":\"x\\ty\""), "what is unknown, as it stood");
}

static void test_forms(void)
{
    static const struct {
        str in, want;
        const char *why;
    } cases[] = {
        {S("{\"type\":\"email\"}"), S("{\"type\":\"email\",\"v\":1}\n"), "nothing is known"},
        {S("{\"subject\":\"s\",\"v\":1,\"id\":2,\"type\":\"email\"}"), S("{\"type\":\"email\",\"v\":1,\"id\":2,\"subject\":\"s\"}\n"), "order"},
        {S("{\"type\":\"email\",\"size\":1,\"size\":2,\"x\":1,\"y\":2,\"x\":3}"),
         S("{\"type\":\"email\",\"v\":1,\"size\":2,\"y\":2,\"x\":3}\n"), "of repeated members the last"},
        {S("{\"type\":\"email\",\"s\\u0069ze\":5}"), S("{\"type\":\"email\",\"v\":1,\"size\":5}\n"), "a name with an escape"},
        {S("{\"type\":\"email\",\"size\":\"9007199254740993\"}"), S("{\"type\":\"email\",\"v\":1,\"size\":\"9007199254740993\"}\n"),
         "beyond 2^53 as a string"},
        {S("{\"type\":\"email\",\"sentAt\":null,\"size\":null,\"hasAttachment\":null}"),
         S("{\"type\":\"email\",\"v\":1,\"size\":null,\"sentAt\":null,\"hasAttachment\":null}\n"), "null numbers, times, truths"},
        {S("{\"type\":\"email\",\"sentAt\":null,\"sentAt\":\"1970-01-01t00:00:00.5z\"}"),
         S("{\"type\":\"email\",\"v\":1,\"sentAt\":\"1970-01-01T00:00:00+00:00\"}\n"), "a time after null, in small letters"},
        {S("{\"type\":\"email\",\"sentAt\":\"2026-08-22T12:01:02\\u002B02:00\"}"),
         S("{\"type\":\"email\",\"v\":1,\"sentAt\":\"2026-08-22T12:01:02+02:00\"}\n"), "a time with an escape"},
        {S("{\"type\":\"email\",\"receivedAt\":\"2026-08-22T12:01:07+02:00\"}"),
         S("{\"type\":\"email\",\"v\":1,\"receivedAt\":\"2026-08-22T10:01:07Z\"}\n"), "receivedAt becomes UTC"},
        {S("{\"type\":\"email\",\"keywords\":[],\"cc\":[],\"from\":\"A B <a@b>\"}"),
         S("{\"type\":\"email\",\"v\":1,\"keywords\":null,\"from\":[{\"name\":\"A B\",\"email\":\"a@b\"}],\"cc\":null}\n"),
         "empty lists are null; an address as text"},
        {S("{\"type\":\"email\",\"from\":{\"email\":\"a@b\"},\"to\":[\"A <a@b>\",{\"name\":\"C\",\"email\":\"c@d\"},\"e@f\"]}"),
         S("{\"type\":\"email\",\"v\":1,\"from\":[{\"name\":null,\"email\":\"a@b\"}],\"to\":[{\"name\":\"A\",\"email\":\"a@b\"},"
           "{\"name\":\"C\",\"email\":\"c@d\"},{\"name\":null,\"email\":\"e@f\"}]}\n"),
         "addresses of every form"},
        {S("{\"type\":\"email\",\"to\":\"\\\"Doe, J\\\" <j@x>, =?utf-8?q?J=C3=B6rg?= <g@x>, (K) k@x\",\"cc\":[\"a@b, c@d\",\"\"],\"bcc\":\" \"}"),
         S("{\"type\":\"email\",\"v\":1,\"to\":[{\"name\":\"Doe, J\",\"email\":\"j@x\"},{\"name\":\"J\xC3\xB6rg\",\"email\":\"g@x\"},"
           "{\"name\":\"K\",\"email\":\"k@x\"}],\"cc\":[{\"name\":null,\"email\":\"a@b\"},{\"name\":null,\"email\":\"c@d\"}],\"bcc\":null}\n"),
         "several addresses in one text"},
        {S("{\"type\":\"email\",\"source\":{\"protocol\":\"imap\",\"mailbox\":\"I\",\"uid\":5,\"modseq\":12}}"),
         S("{\"type\":\"email\",\"v\":1,\"source\":{\"protocol\":\"imap\",\"host\":null,\"mailbox\":\"I\",\"uidValidity\":0,\"uid\":5,\"after\":0,"
           "\"modseq\":\"12\",\"fetchedAt\":null}}\n"),
         "a source with gaps"},
        {S("{\"type\":\"note\",\"v\":9, \"a\":[]}"), S("{\"type\":\"note\",\"v\":9, \"a\":[]}"), "another type passes as it stood"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        is_str(again(cases[i].in), cases[i].want, "%s", cases[i].why);
}

static void test_refusals(void)
{
    static const struct {
        str in, want;
    } cases[] = {
        {S("{\"type\":\"email\" \"v\":1}"), S("stdin: line 3: a comma or } expected at octet 17")},
        {S(""), S("stdin: line 3: a value expected at octet 1")},
        {S("[]"), S("stdin: line 3: an object expected")},
        {S("{}"), S("stdin: line 3: the record has no type")},
        {S("{\"type\":\"\"}"), S("stdin: line 3: the record has no type")},
        {S("{\"type\":5}"), S("stdin: line 3: the record has no type")},
        {S("{\"type\":\"email\",\"v\":2}"), S("stdin: line 3: email record of version 2, which is unknown")},
        {S("{\"type\":\"email\",\"v\":\"x\"}"), S("stdin: line 3: v must be an integer from 1 on")},
        {S("{\"type\":\"email\",\"importance\":\"urgent\"}"), S("stdin: line 3: importance must be low, normal or high")},
        {S("{\"type\":\"email\",\"importance\":\"or\"}"), S("stdin: line 3: importance must be low, normal or high")},
        {S("{\"type\":\"email\",\"direction\":\"\"}"), S("stdin: line 3: direction must be inbound, outbound or internal")},
        {S("{\"type\":\"email\",\"textFrom\":\"htm\"}"), S("stdin: line 3: textFrom must be plain or html")},
        {S("{\"type\":\"email\",\"format\":\"maildir\"}"), S("stdin: line 3: format must be mboxrd, mboxo or mboxcl2")},
        {S("{\"type\":\"poll\",\"status\":\"odd\"}"), S("stdin: line 3: status must be ok, partial, failed or skipped")},
        {S("{\"type\":\"poll\"}"), S("stdin: line 3: a poll tells its status")},
        {S("{\"type\":\"email\",\"size\":-1}"), S("stdin: line 3: size must be an integer from 0 on")},
        {S("{\"type\":\"email\",\"id\":0}"), S("stdin: line 3: id must be an integer from 1 on")},
        {S("{\"type\":\"email\",\"size\":1.5}"), S("stdin: line 3: size must be an integer from 0 on")},
        {S("{\"type\":\"email\",\"blobId\":\"../../etc/passwd\"}"), S("stdin: line 3: blobId must be a sha256 in 64 lower-case hex digits")},
        {S("{\"type\":\"email\",\"path\":\"\"}"), S("stdin: line 3: path must be a path that is not empty and holds no NUL")},
        {S("{\"type\":\"email\",\"path\":\"a\\u0000b\"}"), S("stdin: line 3: path must be a path that is not empty and holds no NUL")},
        {S("{\"type\":\"email\",\"account\":\"\"}"),
         S("stdin: line 3: account must be a string that is not empty and has no control characters")},
        {S("{\"type\":\"email\",\"account\":\"a\\r\\nb\"}"),
         S("stdin: line 3: account must be a string that is not empty and has no control characters")},
        {S("{\"type\":\"email\",\"mailboxes\":[\"a\",\"b\\n\"]}"),
         S("stdin: line 3: mailboxes must be an array of strings that are not empty and have no control characters")},
        {S("{\"type\":\"email\",\"threadId\":\"t\\u007f\"}"),
         S("stdin: line 3: threadId must be a string that is not empty and has no control characters")},
        {S("{\"type\":\"email\",\"subject\":[]}"), S("stdin: line 3: subject must be a string")},
        {S("{\"type\":\"email\",\"hasAttachment\":1}"), S("stdin: line 3: hasAttachment must be true or false")},
        {S("{\"type\":\"email\",\"receivedAt\":\"yesterday\"}"),
         S("stdin: line 3: receivedAt must be a time such as \"2026-08-22T10:01:07Z\"")},
        {S("{\"type\":\"email\",\"from\":[5]}"),
         S("stdin: line 3: from must be addresses: \"A <a@b>\", {name,email}, or an array of either")},
        {S("{\"type\":\"email\",\"attachments\":[{\"size\":-4}]}"),
         S("stdin: line 3: attachments must be an array of {partId,name,type,size,sha256,disposition,cid}")},
        {S("{\"type\":\"email\",\"defects\":[{\"offset\":4}]}"), S("stdin: line 3: defects must be an array of {code,offset}")},
        {S("{\"type\":\"email\",\"list\":[]}"), S("stdin: line 3: list must be an object")},
        {S("{\"type\":\"email\",\"repairs\":{}}"), S("stdin: line 3: repairs must be an array")},
        {S("{\"type\":\"email\",\"source\":{\"mailbox\":\"a\\nb\"}}"),
         S("stdin: line 3: source must be an object {protocol,host,mailbox,uidValidity,uid,after,modseq,fetchedAt}")},
        {S("{\"type\":\"poll\",\"found\":-1}"), S("stdin: line 3: found must be an integer from 0 on")},
        {S("{\"type\":\"error\",\"class\":\"odd\"}"), S("stdin: line 3: class must be one of the classes of errors")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct record r;
        struct err e = {0};
        bool refused = !read_line(cases[i].in, &r, &e) && e.class == ERR_INPUT;
        ok(refused, "refused: %.*s", STR_ARG(cases[i].in));
        is_str(str_c(e.text), cases[i].want, "%.*s", STR_ARG(cases[i].want));
    }
    struct err e;
    struct record r;
    ok(!record_read(&mem, S("{"), "row 5 of the store", 0, &r, &e), "not a line of a stream");
    is_str(str_c(e.text), S("row 5 of the store: a member's name in quotes expected at octet 2"), "no line is named");
}

static void test_kept(void)
{
    const uint64_t kept = EMAIL_BIT(EMAIL_TEXT) | EMAIL_BIT(EMAIL_HTML) | EMAIL_BIT(EMAIL_PREVIEW);
    struct record r;
    struct err e = {0};
    struct buf b = buf_new(&mem, 64);
    str line = S("{\"html\":null,\"type\":\"email\",\"text\":\"\\u0041\",\"subject\":\"\\u0041\",\"preview\":\"x\",\"preview\":null}");
    ok(record_read_keeping(&mem, line, "stdin", 3, RECORD_BIT(RECORD_EMAIL), kept, &r, &e), "texts that stay as they are");
    is_str(r.email.text, S("\"\\u0041\""), "are JSON in the struct");
    is_str(r.email.subject, S("A"), "others are read");
    record_write_email(&b, &r.email);
    is_str(buf_str(&b), S("{\"type\":\"email\",\"v\":1,\"subject\":\"A\",\"preview\":null,\"text\":\"\\u0041\",\"html\":null}\n"), "and are written as they stood");
    bool refused = !record_read_keeping(&mem, S("{\"type\":\"email\",\"html\":5}"), "stdin", 3, RECORD_BIT(RECORD_EMAIL), kept, &r, &e);
    ok(refused, "what is no text is refused");
    is_str(str_c(e.text), S("stdin: line 3: html must be a string"), "as ever");
}

static void test_others(void)
{
    str poll = S("{\"type\":\"poll\",\"v\":1,\"account\":\"a\",\"host\":\"h\",\"protocol\":\"imap\",\"mailbox\":\"INBOX\",\"uidValidity\":7,"
                 "\"startedAt\":\"2026-08-22T10:01:07Z\",\"endedAt\":null,\"found\":3,\"fetched\":2,\"failed\":1,\"octets\":99,"
                 "\"status\":\"partial\",\"code\":\"imap.fetch\",\"error\":\"x\",\"certificateUntil\":\"2026-09-01T00:00:00Z\",\"extra\":1}\n");
    is_str(again(poll), poll, "a poll");
    str error = S("{\"type\":\"error\",\"v\":1,\"program\":\"mail-fetch\",\"class\":\"later\",\"code\":\"net.connect\",\"stage\":\"connect\","
                  "\"message\":\"cannot reach h\",\"server\":null,\"hint\":\"try again\",\"retryable\":true,\"object\":{\"account\":\"a\",\"uid\":7}}\n");
    is_str(again(error), error, "an error");
}

static void test_unknown_members(void)
{
    struct buf b = buf_new(&mem, 4096);
    buf_put(&b, S("{\"type\":\"email\",\"v\":1"));
    for (int i = 0; i < 500; i++)
        buf_fmt(&b, ",\"member%d\":{\"n\":%d}", i, i);
    buf_put(&b, S("}\n"));
    is_str(again(buf_str(&b)), buf_str(&b), "500 unknown members are kept");
}

static void test_written_lines(void)
{
    struct buf b = buf_new(&mem, 256);
    struct mailbox_hole hole = {5, 6};
    record_write_mailbox(&b, &(struct mailbox){S("a"), S("INBOX"), 10, 2, 7, 99, &hole, 1, S("\"role\":\"inbox\"")});
    is_str(buf_str(&b),
           S("{\"type\":\"mailbox\",\"v\":1,\"account\":\"a\",\"name\":\"INBOX\",\"total\":10,\"unread\":2,\"uidValidity\":7,\"lastUid\":99,"
             "\"holes\":[{\"first\":5,\"last\":6}],\"role\":\"inbox\"}\n"),
           "a mailbox");
    b.len = 0;
    struct participant who = {S("A"), S("a@b"), 2};
    int64_t ids[] = {1, 2};
    record_write_thread(&b, &(struct thread){.id = S("t1"), .subject = S("s"), .participants = &who, .n_participants = 1, .total = 2,
                                             .first_at = 1, .last_at = 2, .email_ids = ids, .n_email_ids = 2});
    is_str(buf_str(&b),
           S("{\"type\":\"thread\",\"v\":1,\"id\":\"t1\",\"subject\":\"s\",\"participants\":[{\"name\":\"A\",\"email\":\"a@b\","
             "\"count\":2}],\"totalEmails\":2,\"unreadEmails\":0,\"firstAt\":\"1970-01-01T00:00:01Z\",\"lastAt\":\"1970-01-01T00:00:02Z\","
             "\"emailIds\":[1,2],\"status\":null}\n"),
           "a thread");
    b.len = 0;
    record_write_account(&b, &(struct account){.name = S("a"), .email = S("a@b"), .protocol = S("imap"), .host = S("h"), .port = 993,
                                               .security = S("tls"), .user = S("u"), .secret = S("cmd:\xE2\x80\xA6"), .sync_interval = 300});
    is_str(buf_str(&b),
           S("{\"type\":\"account\",\"v\":1,\"name\":\"a\",\"email\":\"a@b\",\"provider\":null,\"imap\":{\"host\":\"h\",\"port\":993,"
             "\"security\":\"tls\",\"user\":\"u\",\"auth\":null,\"secret\":\"cmd:\xE2\x80\xA6\"},\"mailboxes\":null,\"syncInterval\":300,"
             "\"status\":null}\n"),
           "an account");
}

int main(void)
{
    mem = arena_new((size_t)1 << 28);
    test_full();
    test_queue();
    test_forms();
    test_refusals();
    test_kept();
    test_others();
    test_unknown_members();
    test_written_lines();
    return done();
}
