#include "codec/codec.h"
#include "imap/private.h"
#include "sys/sys.h"

#include <stdio.h>

/* ---- capabilities --------------------------------------------------------------------------------- */

static void begin_capabilities(struct imap *c)
{
    arena_reset(&c->caps_mem);
    c->capabilities = (struct strs){0};
    c->capability_lists++;
}

static void add_capability(struct imap *c, str name)
{
    char *copy = str_z(&c->caps_mem, name);
    for (char *p = copy; *p; p++)
        *p = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
    if (name.len && c->capabilities.n < IMAP_MAX_CAPABILITIES)
        strs_add(&c->caps_mem, &c->capabilities, str_of(copy, name.len));
}

bool imap_can(const struct imap *c, const char *capability) { return strs_have(&c->capabilities, str_c(capability)); }

static void take_capability_tokens(struct imap *c, const struct imap_response *r)
{
    begin_capabilities(c);
    for (ptrdiff_t i = 1; i < r->n; i++)
        if (r->token[i].type == IMAP_ATOM)
            add_capability(c, r->token[i].text);
}

static void take_capability_code(struct imap *c, str words)
{
    begin_capabilities(c);
    for (str word; words.len; add_capability(c, word))
        str_cut(words, ' ', &word, &words);
}

bool imap_ask_capabilities(struct imap *c, struct err *e)
{
    struct imap_reply reply;
    return imap_command(c, S("CAPABILITY"), NULL, NULL, &reply, e);
}

/* ---- events --------------------------------------------------------------------------------------- */

static bool is_word(const struct imap_response *r, ptrdiff_t i, str word)
{
    return i < r->n && r->token[i].type == IMAP_ATOM && str_eq_nocase(r->token[i].text, word);
}

static void note_untagged(struct imap *c, const struct imap_response *r)
{
    if (str_starts_nocase(r->code, S("CAPABILITY ")))
        take_capability_code(c, str_skip(r->code, 11));
    if (!str_eq(r->tag, S("*")))
        return;
    if (is_word(r, 0, S("CAPABILITY")))
        take_capability_tokens(c, r);
    else if (is_word(r, 1, S("EXISTS")))
        str_i64(r->token[0].text, 0, UINT32_MAX, &c->messages);
    if (r->status == IMAP_BYE) {
        c->bye = true;
        snprintf(c->bye_words, sizeof c->bye_words, "%.*s", STR_ARG(r->text));
    }
}

static void add_bye(const struct imap *c, struct err *e)
{
    if (!c->bye)
        return;
    char stage[sizeof e->stage], words[IMAP_REPLY_WORDS];
    memcpy(stage, e->stage, sizeof stage);
    err_set(e, ERR_LATER, "imap.bye", "try again later", "%s: the server ended the session", c->host);
    net_redact(c->net, str_c(c->bye_words), words, sizeof words);
    err_server(e, str_c(words));
    err_stage(e, stage);
}

static int64_t longest_answer(const struct imap *c) { return IMAP_ANSWER * c->set->net.response_ms; }

void imap_await_anew(struct imap *c) { c->patience_ms = longest_answer(c); }

void imap_await_on(struct imap *c, ptrdiff_t octets)
{
    int64_t most = longest_answer(c), gained = c->patience_ms + octets * 1000 / IMAP_RATE;
    c->patience_ms = gained < most ? gained : most;
}

static enum imap_event next_event(struct imap *c, int wait_ms, int64_t begun_ms, struct imap_part *part, struct err *e)
{
    for (bool idle = false;; idle = true) {
        enum imap_event event = imap_parse(&c->parse, &c->in, part);
        if (event == IMAP_RESPONSE)
            note_untagged(c, &part->response);
        if (event != IMAP_NEED)
            return event;
        if (prog_stopping() && (idle || wait_ms < 0))
            return IMAP_PAUSE;
        if (sys_clock.monotonic_ms() - begun_ms > c->patience_ms) {
            err_set(e, ERR_LATER, "imap.endless", "run it again: it goes on where it stopped",
                    "%s: the server's answer has no end, or comes at less than %d octets a second", c->host, IMAP_RATE);
            return IMAP_GONE;
        }
        switch (net_read(c->net, wait_ms, &c->in, e)) {
        case NET_GOT: break;
        case NET_QUIET: return IMAP_PAUSE;
        case NET_LOST: add_bye(c, e); return IMAP_GONE;
        }
    }
}

enum imap_event imap_next(struct imap *c, int wait_ms, struct imap_part *part, struct err *e)
{
    int64_t begun_ms = sys_clock.monotonic_ms();
    enum imap_event event = next_event(c, wait_ms, begun_ms, part, e);
    c->patience_ms -= sys_clock.monotonic_ms() - begun_ms;
    return event;
}

/* ---- commands ------------------------------------------------------------------------------------- */

bool imap_send(struct imap *c, str command, struct err *e)
{
    char tag[16];
    imap_await_anew(c);
    int n = snprintf(tag, sizeof tag, "m%u ", ++c->tag);
    return net_send(c->net, str_of(tag, n), e) && net_send(c->net, command, e) && net_send(c->net, S("\r\n"), e);
}

bool imap_is_end(const struct imap_response *r, unsigned tag)
{
    int64_t n;
    return r->status && r->tag.len > 1 && r->tag.ptr[0] == 'm' && str_i64(str_skip(r->tag, 1), 1, UINT32_MAX, &n) && n == tag;
}

void imap_note_reply(struct imap_reply *reply, const struct imap_response *r)
{
    reply->status = r->status;
    snprintf(reply->code, sizeof reply->code, "%.*s", STR_ARG(r->code));
    snprintf(reply->words, sizeof reply->words, "%s%.*s%s%.*s", r->code.len ? "[" : "", STR_ARG(str_first(r->code, 80)),
             r->code.len ? "] " : "", STR_ARG(r->text));
}

bool imap_await(struct imap *c, unsigned tag, imap_handler *on, void *context, struct imap_reply *reply, struct err *e)
{
    *reply = (struct imap_reply){0};
    struct imap_part part;
    for (;;) {
        enum imap_event event = imap_next(c, -1, &part, e);
        if (event == IMAP_GONE)
            return false;
        if (event == IMAP_PAUSE)
            return err_set(e, ERR_LATER, "net.stopped", NULL, "%s: stopped by a signal", c->host);
        if (event == IMAP_RESPONSE && imap_is_end(&part.response, tag)) {
            imap_note_reply(reply, &part.response);
            return true;
        }
        if (on)
            on(context, &part, event);
    }
}

bool imap_command(struct imap *c, str command, imap_handler *on, void *context, struct imap_reply *reply, struct err *e)
{
    return imap_send(c, command, e) && imap_await(c, c->tag, on, context, reply, e);
}

/* RFC5530: what may pass by itself. */
static bool is_temporary(str code)
{
    static const char *const codes[] = {"UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "CONTACTADMIN", "THROTTLED"};
    for (int i = 0; i < (int)(sizeof codes / sizeof *codes); i++)
        if (str_starts_nocase(code, str_c(codes[i])))
            return true;
    return false;
}

bool imap_refused(struct err *e, enum err_class class, const char *code, const char *stage, const struct imap_reply *reply,
                  const char *hint, const char *format, ...)
{
    bool temporary = is_temporary(str_c(reply->code));
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    err_set(e, temporary ? ERR_LATER : class, temporary ? "imap.unavailable" : code, temporary ? "try again later" : hint, "%s", text);
    err_stage(e, stage);
    err_server(e, str_c(reply->words));
    return false;
}

str imap_quoted(arena *a, str s, bool *literal)
{
    struct buf b = buf_new(a, s.len + 16);
    *literal = false;
    buf_byte(&b, '"');
    for (ptrdiff_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        *literal |= c < 0x20 || c >= 0x7f;
        if (c == '"' || c == '\\')
            buf_byte(&b, '\\');
        buf_byte(&b, (char)c);
    }
    buf_byte(&b, '"');
    return buf_str(&b);
}

/* ---- the session ---------------------------------------------------------------------------------- */

struct net_times imap_took(const struct imap *c) { return net_took(c->net); }
int64_t imap_certificate_ends(const struct imap *c) { return net_certificate_ends(c->net); }

const char *imap_login_by(const struct imap *c) { return c->login_by; }

/* What libcurl read while connecting is replayed through our own parser: the greeting and capabilities. */
static bool read_greeting(struct imap *c, bool *preauth, struct err *e)
{
    str said = net_said(c->net);
    struct imap_part part;
    enum imap_event event;
    *preauth = false;
    while ((event = imap_parse(&c->parse, &said, &part)) != IMAP_NEED) {
        if (event != IMAP_RESPONSE)
            continue;
        note_untagged(c, &part.response);
        *preauth |= part.response.status == IMAP_PREAUTH;
    }
    c->parse = (struct imap_parse){.text = c->parse.text, .token = c->parse.token}; /* a last line may have been cut */
    return c->capabilities.n || imap_ask_capabilities(c, e);
}

struct imap *imap_open(arena *a, const struct imap_settings *settings, struct err *e)
{
    struct imap *c = ARENA_NEW(a, struct imap);
    struct net_target target = settings->net;
    target.protocol = S("imap");
    *c = (struct imap){.mem = a, .set = settings, .login_by = "PREAUTH"};
    c->host = str_z(a, target.host);
    c->caps_mem = arena_new(1 << 20);
    imap_parse_init(a, &c->parse);
    if (target.security == NET_PLAIN && !settings->allow_plaintext) {
        err_set(e, ERR_CONFIG, "imap.plaintext", "use security = tls or starttls (or set allowPlaintext = yes where the line is safe)",
                "%s: no login over a connection without TLS", c->host);
        err_stage(e, "login");
        return NULL;
    }
    c->net = net_open(a, &target, e);
    bool preauth;
    if (c->net && read_greeting(c, &preauth, e) && (preauth || imap_login(c, e)))
        return c;
    imap_close(c);
    return NULL;
}

void imap_close(struct imap *c)
{
    if (!c)
        return;
    struct err ignored;
    if (c->net && !c->bye)
        imap_send(c, S("LOGOUT"), &ignored);
    net_close(c->net);
    c->net = NULL;
    arena_free(&c->caps_mem);
}
