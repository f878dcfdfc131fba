/* A report of failed deliveries, as RFC 3464 and RFC 6522 want it. It is stored, not sent: its reader is who sent the mail. */
#include "mail-queue/sequel.h"

#include "date/date.h"

static str domain_of(str address)
{
    ptrdiff_t at = address.len;
    while (at > 0 && address.ptr[at - 1] != '@')
        at--;
    str domain = str_skip(address, at);
    return at && domain.len ? domain : S("localhost");
}

/* One line of a header field or of text, whatever the server said. */
static void put_line(struct buf *to, str text)
{
    for (ptrdiff_t i = 0; i < text.len; i++)
        buf_byte(to, (unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7F ? ' ' : text.ptr[i]);
    buf_put(to, S("\r\n"));
}

static int64_t last_time(const struct queue_sequel *s)
{
    int64_t last = 0;
    for (ptrdiff_t i = 0; i < s->n; i++)
        last = s->failure[i].at > last ? s->failure[i].at : last;
    return last;
}

static void put_header(struct buf *to, const struct queue_sequel *s, str sender, str boundary)
{
    const struct submission *m = &s->m;
    str domain = domain_of(sender);
    buf_fmt(to, "From: Mail Delivery <mailer-daemon@%.*s>\r\nTo: <%.*s>\r\nSubject: Not delivered to ", STR_ARG(domain), STR_ARG(sender));
    if (s->n > 1)
        buf_fmt(to, "%td recipients\r\n", s->n);
    else
        put_line(to, s->failure[0].address);
    buf_put(to, S("Date: "));
    date_put_5322(to, last_time(s), 0);
    buf_fmt(to, "\r\nMessage-ID: <queue-%lld-%lld-%lld@%.*s>\r\n", (long long)m->id, (long long)s->failure[0].id, (long long)last_time(s), STR_ARG(domain));
    if (m->message_id.n) {
        str id = m->message_id.item[0];
        buf_fmt(to, "In-Reply-To: <%.*s>\r\nReferences: <%.*s>\r\n", STR_ARG(id), STR_ARG(id));
    }
    buf_fmt(to, "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"%.*s\"\r\n\r\n",
            STR_ARG(boundary));
}

static str why(const struct queue_failure *f)
{
    if (f->server.len)
        return f->server;
    if (f->status == QUEUE_EXPIRED)
        return S("it could not be sent within its time");
    return f->error_code.len ? f->error_code : S("no reason was given");
}

static void put_text(struct buf *to, const struct queue_sequel *s)
{
    buf_put(to, S("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nThis message was not delivered"));
    if (s->m.subject.len) {
        buf_put(to, S(":\r\n\r\n    "));
        put_line(to, s->m.subject);
    } else {
        buf_put(to, S(".\r\n"));
    }
    for (ptrdiff_t i = 0; i < s->n; i++) {
        const struct queue_failure *f = &s->failure[i];
        buf_fmt(to, "\r\n<%.*s>", STR_ARG(f->address));
        if (f->status == QUEUE_EXPIRED)
            buf_put(to, S(", given up after its time"));
        buf_put(to, S(":\r\n    "));
        if (f->code)
            buf_fmt(to, "%lld %.*s ", (long long)f->code, STR_ARG(f->enhanced_code));
        put_line(to, why(f));
    }
}

static void put_status(struct buf *to, const struct queue_sequel *s, str sender)
{
    buf_fmt(to, "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; %.*s\r\n", STR_ARG(domain_of(sender)));
    if (s->m.envid.len) {
        buf_put(to, S("Original-Envelope-Id: "));
        put_line(to, s->m.envid);
    }
    for (ptrdiff_t i = 0; i < s->n; i++) {
        const struct queue_failure *f = &s->failure[i];
        buf_put(to, S("\r\nFinal-Recipient: rfc822; "));
        put_line(to, f->address);
        /* RFC3463-3.5: 4.4.7 is a delivery time that has expired. */
        str status = f->enhanced_code.len && f->status == QUEUE_FAILED ? f->enhanced_code : f->status == QUEUE_EXPIRED ? S("4.4.7") : S("5.0.0");
        buf_put(to, S("Action: failed\r\nStatus: "));
        put_line(to, status);
        if (f->host.len) {
            buf_put(to, S("Remote-MTA: dns; "));
            put_line(to, f->host);
        }
        if (f->code) {
            buf_fmt(to, "Diagnostic-Code: smtp; %lld %.*s ", (long long)f->code, STR_ARG(f->enhanced_code));
            put_line(to, f->server);
        }
        buf_put(to, S("Last-Attempt-Date: "));
        date_put_5322(to, f->at, 0);
        buf_put(to, S("\r\n"));
    }
}

str report_message(arena *a, const struct queue_sequel *s, str head)
{
    struct buf b = buf_new(a, head.len + 4096);
    str sender = s->m.envelope.mail_from;
    str boundary = str_fmt(a, "=_report_%lld_%.16s", (long long)s->failure[0].id, s->m.blob_id.ptr);
    put_header(&b, s, sender, boundary);
    buf_fmt(&b, "--%.*s\r\n", STR_ARG(boundary));
    put_text(&b, s);
    buf_fmt(&b, "\r\n--%.*s\r\n", STR_ARG(boundary));
    put_status(&b, s, sender);
    buf_fmt(&b, "\r\n--%.*s\r\nContent-Type: text/rfc822-headers\r\n\r\n", STR_ARG(boundary));
    buf_put(&b, head);
    buf_fmt(&b, "\r\n--%.*s--\r\n", STR_ARG(boundary));
    return buf_str(&b);
}
