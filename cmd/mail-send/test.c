/* mail-send test: each stage as a `test` record, as mail-fetch test does. */
#include "send.h"

#include "date/date.h"

struct step {
    const char *name;
    int64_t us;
    const char *mechanism;
    str recipient, message_id, server;
};

static void emit_step(struct run *r, const struct route *x, const struct step *s)
{
    struct buf line = buf_new(r->mem, 1024);
    struct jwrite w = {.to = &line};
    jwrite_object(&w);
    jwrite_key(&w, S("type"));
    jwrite_string(&w, S("test"));
    jwrite_key(&w, S("v"));
    jwrite_i64(&w, 1);
    jwrite_key(&w, S("account"));
    jwrite_string(&w, x->account.len ? x->account : STR_NONE);
    jwrite_key(&w, S("host"));
    jwrite_string(&w, x->set.net.host);
    jwrite_key(&w, S("stage"));
    jwrite_string(&w, str_c(s->name));
    jwrite_key(&w, S("ok"));
    jwrite_bool(&w, true);
    jwrite_key(&w, S("tookMs"));
    jwrite_i64(&w, s->us > 0 ? (s->us + 500) / 1000 : 0);
    if (s->mechanism) {
        jwrite_key(&w, S("mechanism"));
        jwrite_string(&w, str_c(s->mechanism));
    }
    if (s->recipient.len) {
        jwrite_key(&w, S("recipient"));
        jwrite_string(&w, s->recipient);
    }
    if (s->message_id.len) {
        jwrite_key(&w, S("messageId"));
        jwrite_array(&w);
        jwrite_string(&w, s->message_id);
        jwrite_end_array(&w);
    }
    if (s->server.ptr) {
        jwrite_key(&w, S("server"));
        jwrite_string(&w, utf8_scrub(r->mem, s->server));
    }
    jwrite_end_object(&w);
    buf_byte(&line, '\n');
    out_put(r->out, buf_str(&line));
    prog_note("%.*s: %s", STR_ARG(x->account), s->name);
}

static void emit_failure(struct run *r, const struct route *x, const struct err *e)
{
    struct buf object = buf_new(r->mem, 256), line = buf_new(r->mem, 2048);
    struct jwrite w = {.to = &object};
    jwrite_object(&w);
    jwrite_key(&w, S("account"));
    jwrite_string(&w, x->account.len ? x->account : STR_NONE);
    jwrite_end_object(&w);
    record_write_error(&line, prog_name(), e, str_slice(buf_str(&object), 1, object.len - 1));
    out_put(r->out, buf_str(&line));
}

static void emit_connection(struct run *r, const struct route *x, int64_t all_us)
{
    struct net_times t = smtp_took(x->smtp);
    struct buf offers = buf_new(r->mem, 512);
    const struct strs *list = smtp_offers(x->smtp);
    for (ptrdiff_t i = 0; i < list->n; i++)
        buf_fmt(&offers, "%s%.*s", i ? ", " : "", STR_ARG(list->item[i]));
    emit_step(r, x, &(struct step){.name = "resolve", .us = t.resolve_us});
    emit_step(r, x, &(struct step){.name = "connect", .us = t.connect_us - t.resolve_us});
    if (t.tls_us)
        emit_step(r, x, &(struct step){.name = "tls", .us = t.tls_us - t.connect_us});
    emit_step(r, x, &(struct step){.name = "greeting", .us = t.greeting_us - (t.tls_us ? t.tls_us : t.connect_us), .server = buf_str(&offers)});
    if (smtp_login_by(x->smtp))
        emit_step(r, x, &(struct step){.name = "login", .us = all_us - t.greeting_us, .mechanism = smtp_login_by(x->smtp)});
}

/* The step, or what the server has against it. */
static void tell_outcome(struct run *r, struct route *x, const struct smtp_rcpt *rcpt, str from, struct step *s)
{
    struct err e;
    if (rcpt->status == SMTP_SENT) {
        s->recipient = rcpt->address;
        s->server = rcpt->words;
        emit_step(r, x, s);
        return;
    }
    bool later = rcpt->status == SMTP_DEFERRED;
    err_set(&e, later ? ERR_LATER : ERR_REFUSED, later ? "smtp.deferred" : "smtp.refused", rcpt->hint,
            "%.*s does not take mail from <%.*s> to <%.*s>", STR_ARG(x->set.net.host), STR_ARG(from), STR_ARG(rcpt->address));
    err_stage(&e, rcpt->phase);
    if (rcpt->code)
        err_server(&e, str_fmt(r->mem, "%d %.*s %.*s", rcpt->code, STR_ARG(rcpt->enhanced), STR_ARG(rcpt->words)));
    prog_error(&e);
    emit_failure(r, x, &e);
}

/* RCPT and RSET: the server says what it thinks of the recipient, and nothing is sent. */
static bool ask(struct run *r, struct route *x, str from, struct err *e)
{
    struct smtp_rcpt rcpt = {.address = r->opts->to};
    int64_t begun = sys_clock.monotonic_ms();
    if (!smtp_ask(r->mem, x->smtp, from, &rcpt, e))
        return false;
    tell_outcome(r, x, &rcpt, from, &(struct step){.name = "rcpt", .us = (sys_clock.monotonic_ms() - begun) * 1000});
    return true;
}

static str test_message(arena *a, str from, str to, str id)
{
    struct buf b = buf_new(a, 1024);
    buf_fmt(&b, "From: <%.*s>\r\nTo: <%.*s>\r\nSubject: Test of mail-send\r\nMessage-ID: <%.*s>\r\nDate: ", STR_ARG(from), STR_ARG(to),
            STR_ARG(id));
    date_put_5322(&b, now_s(), 0);
    buf_put(&b, S("\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
                  "This message was sent by \"mail-send test\". It has arrived, so sending works.\r\n"));
    return buf_str(&b);
}

static bool commit_nothing(void *context, struct smtp_message *const *m, ptrdiff_t n, struct err *e)
{
    (void)context, (void)m, (void)n, (void)e;
    return true;
}

static void done_nothing(void *context, struct smtp_message *m) { (void)context, (void)m; }

static bool send_it(struct run *r, struct route *x, str from, struct err *e)
{
    arena *a = r->mem;
    str path;
    bool utf8;
    if (!smtp_address(a, from, &path, &utf8, e) || !smtp_address(a, r->opts->to, &path, &utf8, e))
        return false;
    uint64_t number;
    sys_clock.random(&number, sizeof number);
    str id = str_fmt(a, "test.%016llx%.*s", (unsigned long long)number, STR_ARG(str_skip(from, str_find_byte(from, '@'))));
    struct smtp_rcpt rcpt = {.address = r->opts->to};
    struct smtp_message m = {.mem = a, .from = from, .rcpt = &rcpt, .n = 1, .octets = test_message(a, from, r->opts->to, id), .fd = -1, .utf8 = utf8};
    struct smtp_message *list[] = {&m};
    const struct smtp_hooks hooks = {NULL, commit_nothing, done_nothing};
    smtp_scan(&m.scan, m.octets);
    int64_t begun = sys_clock.monotonic_ms();
    if (!smtp_send(x->smtp, list, 1, &hooks, e) || !smtp_drain(x->smtp, &hooks, e))
        return false;
    tell_outcome(r, x, &rcpt, from, &(struct step){.name = "message", .us = (sys_clock.monotonic_ms() - begun) * 1000, .message_id = id});
    return true;
}

void test_account(struct run *r)
{
    struct route *x = route_for(r, r->opts->account, STR_NONE);
    int64_t begun = sys_clock.monotonic_ms();
    if (x->bad.class) {
        emit_failure(r, x, &x->bad);
        return;
    }
    if (!route_connect(r, x)) {
        emit_failure(r, x, &x->down);
        return;
    }
    emit_connection(r, x, (sys_clock.monotonic_ms() - begun) * 1000);
    struct err e = {0};
    str from = r->opts->from.ptr ? r->opts->from : sender_of(r);
    if (r->opts->to.len && !(r->opts->dry_run ? ask(r, x, from, &e) : send_it(r, x, from, &e))) {
        prog_error(&e);
        emit_failure(r, x, &e);
    }
}
