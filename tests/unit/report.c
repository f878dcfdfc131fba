/* Reports: those for programs as the RFCs have them, notices for people as mail systems write them, and mail that is none. */
#include "mime/mime.h"
#include "record/record.h"
#include "tap.h"

static arena mem;
static struct mime *parser;

#define REPORT(type, part)                                                                                                      \
    "From: MAILER-DAEMON@mx.here.example\nTo: ann@here.example\nSubject: a report\n"                                            \
    "Content-Type: multipart/report; report-type=x; boundary=b\n\n--b\n\nFor people.\n--b\nContent-Type: " type "\n\n" part
#define RETURNED                                                                                                                \
    "\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <one@here.example>\nFrom: Ann <ann@here.example>\nTo: bob@there.example\n" \
    "Subject: =?utf-8?q?caf=C3=A9?=\n\ntext\n--b--\n"
#define DSN(fields) REPORT("message/delivery-status", "Reporting-MTA: dns; mx.here.example\n\n" fields)
#define NOTICE(text) "Return-Path: <>\nFrom: Mail Delivery System <MAILER-DAEMON@mx.here.example>\nTo: ann@here.example\nSubject: failure notice\n\n" text

/* What came of it: "KIND CLASS PROVIDER [EMAIL ACTION STATUS REPLY CLASS: DIAGNOSTIC] … <ORIGINAL>", "-" for what is not there. */
static str dash(str s) { return s.len ? s : S("-"); }

static str show(const struct bounce *b)
{
    if (!b)
        return S("none");
    struct buf out = buf_new(&mem, 256);
    buf_fmt(&out, "%.*s %.*s %.*s", STR_ARG(b->kind), STR_ARG(dash(b->class)), STR_ARG(dash(b->provider)));
    for (ptrdiff_t i = 0; i < b->n_recipients; i++) {
        const struct bounce_recipient *p = &b->recipient[i];
        buf_fmt(&out, " [%.*s %.*s %.*s %.*s %.*s: %.*s]", STR_ARG(dash(p->email)), STR_ARG(dash(p->action)), STR_ARG(dash(p->status)),
                STR_ARG(dash(p->reply)), STR_ARG(dash(p->class)), STR_ARG(dash(p->diagnostic)));
    }
    if (b->original_id.len)
        buf_fmt(&out, " <%.*s>", STR_ARG(b->original_id));
    return buf_str(&out);
}

static const struct bounce *parse(str text, ptrdiff_t step)
{
    mime_begin(parser, &(struct mime_options){0});
    for (ptrdiff_t i = 0; i < text.len; i += step)
        mime_feed(parser, str_slice(text, i, i + step));
    return mime_end(parser)->bounce;
}

static const struct {
    const char *name, *message, *want;
} cases[] = {
    /* ---- RFC 3464 ---- */
    {"RFC3464: no such mailbox",
     DSN("Original-Recipient: rfc822;bob@there.example\nFinal-Recipient: rfc822;bob@there.example\nAction: failed\nStatus: 5.1.1\n"
         "Diagnostic-Code: smtp; 550 nobody of that name\nRemote-MTA: dns; mx.there.example\n") RETURNED,
     "dsn hard - [bob@there.example failed 5.1.1 550 hard: 550 nobody of that name] <one@here.example>"},
    {"RFC3464: three recipients of one message, each with an end of its own",
     DSN("Final-Recipient: rfc822;a@there.example\nAction: failed\nStatus: 4.0.0\nDiagnostic-Code: smtp; 426 connection timed out\n\n"
         "Final-Recipient: rfc822;b@there.example\nAction: delivered\nStatus: 2.1.5\n\n"
         "Final-Recipient: rfc822;c@there.example\nAction: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 its mailbox is full\n") RETURNED,
     "dsn full - [a@there.example failed 4.0.0 426 soft: 426 connection timed out] [b@there.example delivered 2.1.5 - delivered: -] "
     "[c@there.example failed 5.2.2 552 full: 552 its mailbox is full] <one@here.example>"},
    {"RFC3464: delayed", DSN("Final-Recipient: rfc822;a@there.example\nAction: delayed\nStatus: 4.4.1\nWill-Retry-Until: Thu, 7 Jul 1994 17:15:49 -0400\n"),
     "dsn soft - [a@there.example delayed 4.4.1 - soft: -]"},
    {"RFC3464: relayed to where no reports come from", DSN("Final-Recipient: rfc822;a@there.example\nAction: relayed\nStatus: 2.1.9\n"),
     "dsn delivered - [a@there.example relayed 2.1.9 - delivered: -]"},
    {"RFC3464: expanded by a list", DSN("Final-Recipient: rfc822;list@there.example\nAction: expanded\nStatus: 2.0.0\n"),
     "dsn delivered - [list@there.example expanded 2.0.0 - delivered: -]"},
    {"RFC3464-2.1.2: fields of a recipient in any order", DSN("Status: 5.7.1\nAction: failed\nDiagnostic-Code: smtp; 550 no\nFinal-Recipient: rfc822;a@there.example\n"),
     "dsn policy - [a@there.example failed 5.7.1 550 policy: 550 no]"},
    {"RFC3464-2.1.1: comments, other cases, white space", DSN("FINAL-RECIPIENT: RFC822 ; <a@there.example>\nAction: Failed (for good)\nStatus : 5.0.0 (no more)\nDiagnostic-Code: X-Local;\n told\n\tnothing\n"),
     "dsn other - [a@there.example failed 5.0.0 - other: told nothing]"},
    {"RFC3464-2.3.2: an address of X.400", DSN("Final-Recipient: x400; /S=bob/O=There/C=de/\nAction: failed\nStatus: 5.1.6\n"),
     "dsn hard - [/S=bob/O=There/C=de/ failed 5.1.6 - hard: -]"},
    {"RFC6533: UTF-8 in a report", REPORT("message/global-delivery-status", "Reporting-MTA: dns; x\n\nFinal-Recipient: utf-8; b\xc3\xb6" "b@there.example\nAction: failed\nStatus: 5.1.1\n"),
     "dsn hard - [b\xc3\xb6" "b@there.example failed 5.1.1 - hard: -]"},
    {"only the original recipient is named", DSN("Original-Recipient: rfc822; a@there.example\nAction: failed\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n"),
     "dsn hard - [- failed - 550 hard: 550 5.1.1 User unknown]"},
    {"no empty line between recipients", DSN("Final-Recipient: rfc822;a@x.example\nAction: failed\nStatus: 5.1.1\nFinal-Recipient: rfc822;b@x.example\nAction: failed\nStatus: 5.2.2\n"),
     "dsn hard - [a@x.example failed 5.1.1 - hard: -] [b@x.example failed 5.2.2 - full: -]"},
    {"no empty line behind the first group", REPORT("message/delivery-status", "Reporting-MTA: dns; x\nFinal-Recipient: rfc822;a@x.example\nAction: failed\nStatus: 5.1.1\n"),
     "dsn hard - [a@x.example failed 5.1.1 - hard: -]"},
    {"an empty line among the fields of one", DSN("Final-Recipient: rfc822;a@x.example\nAction: failed\n\nStatus: 5.1.1\n"),
     "dsn hard - [a@x.example failed 5.1.1 - hard: -]"},
    {"groups that a gateway has encoded",
     REPORT("message/delivery-status", "Reporting-MTA: dns; x\nContent-Transfer-Encoding: base64\n\nRmluYWwtUmVjaXBpZW50OiByZmM4MjI7IGFAeC5leGFtcGxlCkFjdGlvbjogZmFpbGVkClN0YXR1czogNS4xLjEK\n"),
     "dsn hard - [a@x.example failed 5.1.1 - hard: -]"},
    {"lines that are no fields before the groups", REPORT("message/delivery-status", "junk\nmore junk\n\nReporting-MTA: dns; x\n\nFinal-Recipient: rfc822;a@x.example\nAction: failed\nStatus: 5.1.1\n"),
     "dsn hard - [a@x.example failed 5.1.1 - hard: -]"},
    {"a report without recipients", REPORT("message/delivery-status", "Reporting-MTA: dns; x\n") RETURNED, "dsn other - <one@here.example>"},
    {"headers of the returned message alone (RFC6522-4)",
     DSN("Final-Recipient: rfc822;a@x.example\nAction: failed\nStatus: 5.1.2\n") "\n--b\nContent-Type: text/rfc822-headers\n\nMessage-Id: <two@here.example>\n\n--b--\n",
     "dsn hard - [a@x.example failed 5.1.2 - hard: -] <two@here.example>"},
    {"boundaries that are broken",
     "From: MAILER-DAEMON@x\nContent-Type: multipart/report; boundary=b\n\n--c\n\nReporting-MTA: dns; x\n\nFinal-Recipient: rfc822;a@x.example\nAction: failed\nStatus: 5.1.1\n",
     "dsn hard - [a@x.example failed 5.1.1 - hard: -]"},
    {"the sender's own address does not exist", DSN("Final-Recipient: rfc822;a@x.example\nAction: failed\nStatus: 5.1.8\nDiagnostic-Code: smtp; 553 5.1.8 domain of sender does not exist\n"),
     "dsn policy - [a@x.example failed 5.1.8 553 policy: 553 5.1.8 domain of sender does not exist]"},
    {"words say more than the status", DSN("Final-Recipient: rfc822;a@x.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 552 over quota\n"),
     "dsn full - [a@x.example failed 5.1.1 552 full: 552 over quota]"},
    {"on a list of bad hosts", DSN("Final-Recipient: rfc822;a@x.example\nAction: failed\nStatus: 5.7.1\nDiagnostic-Code: smtp; 554 5.7.1 192.0.2.1 listed at bl.example\n"),
     "dsn block - [a@x.example failed 5.7.1 554 block: 554 5.7.1 192.0.2.1 listed at bl.example]"},
    {"a person forwards a report",
     "From: ann@here.example\nSubject: Fwd: failure notice\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nLook.\n--b\nContent-Type: message/rfc822\n\n"
     "From: MAILER-DAEMON@x\nContent-Type: multipart/report; boundary=c\n\n--c\nContent-Type: message/delivery-status\n\nFinal-Recipient: rfc822;a@x\nAction: failed\nStatus: 5.1.1\n--c--\n--b--\n",
     "none"},
    /* ---- RFC 5965, RFC 6591 ---- */
    {"RFC5965: the shortest one", REPORT("message/feedback-report", "Feedback-Type: abuse\nUser-Agent: Some/1\nVersion: 1\n") RETURNED, "arf complaint - <one@here.example>"},
    {"RFC5965: with all its fields",
     REPORT("message/feedback-report",
            "Feedback-Type: abuse\nUser-Agent: Some/1\nVersion: 1\nOriginal-Mail-From: <ann@here.example>\nOriginal-Rcpt-To: <bob@there.example>\n"
            "Received-Date: Thu, 8 Mar 2005 14:00:00 EDT\nSource-IP: 192.0.2.2\nReported-Domain: here.example\nRemoval-Recipient: bob@there.example\n") RETURNED,
     "arf complaint - [bob@there.example - - - complaint: -] <one@here.example>"},
    {"RFC6591: what DMARC found", REPORT("message/feedback-report", "Feedback-Type: auth-failure\nVersion: 1\n"), "arf policy -"},
    {"RFC6430: not spam after all", REPORT("message/feedback-report", "Feedback-Type: not-spam\nVersion: 1\n"), "arf auto -"},
    /* ---- RFC 8098 ---- */
    {"RFC8098: a receipt",
     REPORT("message/disposition-notification",
            "Reporting-UA: joes-pc; Foo/2\nOriginal-Recipient: rfc822;bob@there.example\nFinal-Recipient: rfc822;bob@there.example\n"
            "Original-Message-ID: <one@here.example>\nDisposition: manual-action/MDN-sent-manually; displayed\n"),
     "mdn auto - [bob@there.example - - - auto: -] <one@here.example>"},
    /* ---- RFC 3834 ---- */
    {"RFC3834: away", "From: bob@there.example\nAuto-Submitted: auto-replied\nSubject: Re: hello\n\nI am away.\n", "vacation auto -"},
    {"away, as Exchange says it", "From: bob@there.example\nX-Auto-Response-Suppress: All\nSubject: Automatic reply: hello\n\nI am away.\n", "vacation auto -"},
    {"away, in French and encoded", "Return-Path: <>\nFrom: bob@there.example\nSubject: =?utf-8?q?R=C3=A9ponse_automatique_=3A_hello?=\n\nx\n", "vacation auto -"},
    {"a person writes that subject", "Return-Path: <bob@there.example>\nFrom: bob@there.example\nSubject: Automatic reply: how to set it\n\nx\n", "none"},
    {"cron is no vacation", "From: root@here.example\nAuto-Submitted: auto-generated\nSubject: Cron <root@here> backup\n\nmailbox is full\n", "none"},
    /* ---- notices for people ---- */
    {"qmail",
     NOTICE("Hi. This is the qmail-send program at here.example.\nI could not deliver.\n\n<a@x.example>:\n192.0.2.1 does not like recipient.\n"
            "Remote host said: 550 5.1.1 User unknown\nGiving up on 192.0.2.1.\n\n<b@x.example>:\nSorry, I couldn't find any host named x.example. (#5.1.2)\n\n"
            "--- Below this line is a copy of the message.\n\nMessage-ID: <three@here.example>\n\ntext for <c@x.example>:\n"),
     "text hard qmail [a@x.example failed 5.1.1 550 hard: Remote host said: 550 5.1.1 User unknown Giving up on 192.0.2.1.] "
     "[b@x.example failed 5.1.2 - hard: Sorry, I couldn't find any host named x.example. (#5.1.2)] <three@here.example>"},
    {"Exim",
     NOTICE("This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered. The following address(es) failed:\n\n"
            "  a@x.example\n    SMTP error from remote mail server after RCPT TO:<a@x.example>:\n    host mx.x.example [192.0.2.1]: 550 no such user here\n\n"
            "------ This is a copy of the message, including all the headers. ------\n\nReturn-path: <ann@here.example>\nMessage-Id: <four@here.example>\n"),
     "text hard exim [a@x.example failed 5.1.1 550 hard: host mx.x.example [192.0.2.1]: 550 no such user here] <four@here.example>"},
    {"Exim, of a message for another one",
     NOTICE("This message was created automatically by mail delivery software.\n\nA message sent by\n\n  <ann@here.example>\n\ncould not be delivered. The following\naddress(es) failed:\n\n"
            "  a@x.example\n    retry timeout exceeded\n"),
     "text soft exim [a@x.example failed 4.4.7 - soft: retry timeout exceeded]"},
    {"Exim warns",
     NOTICE("This message was created automatically by mail delivery software.\nIt has not yet been delivered to:\n\n  a@x.example\n    Delay reason: 450 come back later\n"),
     "text soft exim [a@x.example delayed 4.0.0 450 soft: Delay reason: 450 come back later]"},
    {"Gmail", NOTICE("Delivery to the following recipient failed permanently:\n\n     a@x.example\n\nTechnical details:\nThe other server returned: 552 5.2.2 over quota\n\n----- Original message -----\n\nMessage-ID: <five@here.example>\n"),
     "text full gmail [a@x.example failed 5.2.2 552 full: The other server returned: 552 5.2.2 over quota] <five@here.example>"},
    {"Yahoo", NOTICE("Sorry, we were unable to deliver your message to the following address.\n\n<a@x.example>:\nRemote host said: 554 5.7.1 spam [BODY]\n\n--- Below this line is a copy of the message.\n\n"),
     "text block yahoo [a@x.example failed 5.7.1 554 block: Remote host said: 554 5.7.1 spam [BODY]]"},
    {"Postfix, in plain text", NOTICE("This is the mail system at host here.example.\n\n<a@x.example>: host mx.x.example[192.0.2.1] said: 550 5.1.1 <a@x.example>: Recipient\n    unknown (in reply to RCPT TO command)\n"),
     "text hard postfix [a@x.example failed 5.1.1 550 hard: host mx.x.example[192.0.2.1] said: 550 5.1.1 <a@x.example>: Recipient unknown (in reply to RCPT TO command)]"},
    {"OpenSMTPD", NOTICE("This is the MAILER-DAEMON, please DO NOT REPLY to this e-mail.\n\na@x.example: 550 5.2.2 Mailbox Full\nb@x.example: 550 5.1.1 User Unknown\n\n    Below is a copy of the original message:\n\nSubject: x\n"),
     "text hard opensmtpd [a@x.example failed 5.2.2 550 full: 550 5.2.2 Mailbox Full] [b@x.example failed 5.1.1 550 hard: 550 5.1.1 User Unknown]"},
    {"sendmail of long ago", NOTICE("   ----- Transcript of session follows -----\n554 <a@x.example>... 550 Host unknown\n\n   ----- Unsent message follows -----\nFrom: ann@here.example\n"),
     "text hard sendmail [a@x.example failed 5.1.2 554 hard: 554 <a@x.example>... 550 Host unknown]"},
    {"Exchange", NOTICE("Your message did not reach some or all of the intended recipients.\n\n      To:  ann@here.example\n\nThe following recipient(s) could not be reached:\n\n      a@x.example on 4/29/01 11:34 PM\n            Recipient Not Found\n"),
     "text hard exchange [a@x.example failed 5.1.1 - hard: on 4/29/01 11:34 PM Recipient Not Found]"},
    {"only X-Failed-Recipients names it", "From: MAILER-DAEMON@x\nX-Failed-Recipients: a@x.example\nSubject: x\n\nIt could not be delivered to whom you wrote. 550 5.1.1 gone\n",
     "text hard - [a@x.example failed 5.1.1 550 hard: It could not be delivered to whom you wrote. 550 5.1.1 gone]"},
    {"Amazon SES by way of SNS",
     "From: SES <no-reply@sns.amazonaws.com>\nSubject: AWS Notification Message\n\n{\"Type\":\"Notification\",\"Message\":\"{\\\"notificationType\\\":\\\"Bounce\\\",\\\"bounce\\\":{\\\"bouncedRecipients\\\":"
     "[{\\\"emailAddress\\\":\\\"a@x.example\\\",\\\"action\\\":\\\"failed\\\",\\\"status\\\":\\\"5.1.1\\\",\\\"diagnosticCode\\\":\\\"smtp; 550 5.1.1 user unknown\\\"}]},"
     "\\\"mail\\\":{\\\"messageId\\\":\\\"0101\\\",\n\\\"commonHeaders\\\":{\\\"messageId\\\":\\\"<six@here.example>\\\"}}}\"}\n\n--\nTo unsubscribe, click\n",
     "dsn hard amazon ses [a@x.example failed 5.1.1 550 hard: 550 5.1.1 user unknown] <six@here.example>"},
    {"Amazon SES, a complaint",
     "From: no-reply@sns.amazonaws.com\n\n{\"notificationType\":\"Complaint\",\"complaint\":{\"complainedRecipients\":[{\"emailAddress\":\"a@x.example\"}]},\"mail\":{}}\n",
     "arf complaint amazon ses [a@x.example - - - complaint: -]"},
    {"JSON from there that is none", "From: no-reply@sns.amazonaws.com\n\n{\"notificationType\":\"Bounce\",\"bounce\":[1,{}\n", "none"},
    /* ---- no report ---- */
    {"a person asks about a bounce", "From: ann@here.example\nSubject: Re: failure notice\n\n> Hi. This is the qmail-send program at x.\n> <a@x.example>:\n> 550 5.1.1 User unknown\n\nWhy?\n", "none"},
    {"a person writes of deliveries", "Return-Path: <ann@here.example>\nFrom: ann@here.example\nSubject: our parcel\n\nIt could not be delivered to <b@x.example>:\n550 5.1.1\n", "none"},
    {"a postmaster writes", "From: postmaster@here.example\nSubject: downtime\n\nThe server is off on Friday.\n", "none"},
    {"the null sender writes", "Return-Path: <>\nFrom: shop@there.example\nSubject: your order\n\nThank you.\n", "none"},
    {"multipart/report of another kind", REPORT("message/tracking-status", "Original-Envelope-Id: x\n"), "none"},
    {"nothing", "", "none"},
};

static void check_cases(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        str message = str_c(cases[i].message);
        str whole = show(parse(message, message.len + 1));
        is_str(whole, str_c(cases[i].want), "%s", cases[i].name);
        bool same = true;
        for (ptrdiff_t step = 1; step < 20 && same; step += 3)
            same = str_eq(show(parse(message, step)), whole);
        ok(same, "%s: the same in pieces", cases[i].name);
        const struct bounce *b = parse(message, message.len + 1);
        struct bounce back;
        if (b) {
            str json = record_bounce_json(&mem, b);
            record_bounce_read(&mem, json, &back);
            ok(str_eq(show(&back), whole) && str_eq(record_bounce_json(&mem, &back), json), "%s: as a record and back", cases[i].name);
        }
        arena_reset(&mem);
    }
}

static void check_members(void)
{
    const struct bounce *b = parse(str_c(REPORT("message/delivery-status",
        "Original-Envelope-Id: QQ314159\nReporting-MTA: dns; mx.here.example\nArrival-Date: Wed, 6 Jul 1994 15:15:49 +0200\n\n"
        "Original-Recipient: rfc822;bob@old.example\nFinal-Recipient: rfc822;bob@there.example\nAction: delayed\nStatus: 4.4.1\n"
        "Remote-MTA: dns; mx.there.example\nLast-Attempt-Date: Wed, 6 Jul 1994 16:15:49 +0200\nWill-Retry-Until: Thu, 7 Jul 1994 15:15:49 +0200\n")
        RETURNED), 1000);
    is_str(b->envid, S("QQ314159"), "the envelope's id");
    is_str(b->reporting_mta, S("mx.here.example"), "who reports");
    is_int(b->arrival_date, 773500549, "when the message came to it");
    is_str(b->recipient[0].original, S("bob@old.example"), "the recipient as the sender knew it");
    is_str(b->recipient[0].remote_mta, S("mx.there.example"), "who refused");
    is_int(b->recipient[0].last_attempt, 773504149, "the last attempt");
    is_int(b->recipient[0].retry_until, 773586949, "how long it will be tried");
    is_str(b->original_from, S("Ann <ann@here.example>"), "the returned message: from");
    is_str(b->original_to, S("bob@there.example"), "the returned message: to");
    is_str(b->original_subject, S("caf\xc3\xa9"), "the returned message: its subject, decoded");
    b = parse(S(REPORT("message/feedback-report", "Feedback-Type: Abuse\nUser-Agent: Some/1\nSource-IP: 192.0.2.2\nOriginal-Mail-From: <ann@here.example>\n")), 1000);
    is_str(b->feedback_type, S("abuse"), "a complaint: its type");
    is_str(b->user_agent, S("Some/1"), "a complaint: whose program");
    is_str(b->source_ip, S("192.0.2.2"), "a complaint: from where the mail came");
    is_str(b->mail_from, S("ann@here.example"), "a complaint: its sender");
    b = parse(S(REPORT("message/disposition-notification", "Final-Recipient: rfc822;a@x\nDisposition: automatic-action/MDN-sent-automatically; deleted/error\n")), 1000);
    is_str(b->disposition, S("deleted"), "a receipt: what was done");
    is_str(b->disposition_mode, S("automatic-action/mdn-sent-automatically"), "a receipt: by whom");
}

static const struct {
    const char *address, *want;
} verps[] = {
    {"news+bob=there.example@here.example", "bob@there.example"},
    {"news+bob+x=there.example@here.example", "bob+x@there.example"},
    {"list-return-7-bob=there.example@here.example", "bob@there.example"},
    {"news+b-o-b=there.example@here.example", "b-o-b@there.example"},
    {"ann@here.example", ""},
    {"prvs=1234abcdef=ann@here.example", ""},
    {"SRS0=abcd=xy=there.example=bob@here.example", ""},
    {"a=b@here.example", ""},
    {"+=x.example@here.example", ""},
    {"-bob=@here.example", ""},
};

static void check_verp(void)
{
    for (size_t i = 0; i < sizeof verps / sizeof *verps; i++) {
        str message = str_fmt(&mem, "To: %s\n%s", verps[i].address, NOTICE("This is the mail system at host x.\n\n<a@x.example>: 550 User unknown\n"));
        const struct bounce *b = parse(message, 1000);
        is_str(b ? b->verp : S("no report"), str_c(verps[i].want), "VERP: %s", verps[i].address);
    }
}

static void check_limits(void)
{
    struct buf b = buf_new(&mem, 1 << 20);
    buf_put(&b, str_c(DSN("")));
    for (int i = 0; i < 3 * BOUNCE_RECIPIENTS; i++)
        buf_fmt(&b, "Final-Recipient: rfc822;%d@x.example\nAction: failed\n\n", i);
    const struct bounce *many = parse(buf_str(&b), b.len);
    is_int(many->n_recipients, BOUNCE_RECIPIENTS, "so many recipients are kept");
    b.len = 0;
    buf_put(&b, str_c(DSN("Final-Recipient: rfc822;a@x.example\nDiagnostic-Code: smtp; ")));
    for (int i = 0; i < BOUNCE_TEXT; i++)
        buf_put(&b, S("\xe2\x82\xac"));
    const struct bounce *wide = parse(buf_str(&b), b.len);
    ok(wide->recipient[0].diagnostic.len <= BOUNCE_TEXT && utf8_valid(wide->recipient[0].diagnostic), "a long diagnostic is cut on a character");
    const struct bounce *wild = parse(S(DSN("Final-Recipient: rfc822;\xff\xfe@x.example\nAction: f\xff\n")), 1000);
    ok(wild && utf8_valid(wild->recipient[0].email) && utf8_valid(wild->recipient[0].action), "octets that are no text");
}

static void check_records(void)
{
    struct bounce b;
    ok(!record_bounce_read(&mem, STR_NONE, &b) && !record_bounce_read(&mem, S("[]"), &b), "no record of a report");
    ok(record_bounce_read(&mem, S("{\"kind\":7,\"recipients\":[{\"email\":\"a@x\"},4],\"arrivalDate\":\"soon\"}"), &b), "a record of another form is read as far as it goes");
    is_str(show(&b), S(" - - [a@x - - - -: -] [- - - - -: -]"), "and what is of another form counts as absent");
}

int main(void)
{
    mem = arena_new(1 << 26);
    parser = mime_new();
    check_cases();
    check_members();
    check_verp();
    check_limits();
    check_records();
    return done();
}
