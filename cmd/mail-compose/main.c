/* mail-compose: messages from flags, templates, records and requests.
 *
 * In: nothing, JSON requests, `email` records (reply, forward, bounce), or a message (-t). Out: a `submission` for each message; records of
 * other types pass untouched. Touches: blobs of the store (its database by queries only), templates, keys, the files that are named. */
#include "compose.h"

#include <unistd.h>

void say(struct compose *c, const struct err *e)
{
    prog_error(e);
    if (c->dry_run)
        return;
    struct buf line = buf_new(&c->message, 1024);
    record_write_error(&line, prog_name(), e, STR_NONE);
    out_put(c->out, buf_str(&line));
}

/* A request that begins with what the command line says; lists of it are never grown in place. */
static struct request begin_request(const struct compose *c)
{
    struct request r = c->defaults;
    r.now = now_s();
    r.to.cap = r.to.n;
    r.cc.cap = r.cc.n;
    r.bcc.cap = r.bcc.n;
    r.reply_to.cap = r.reply_to.n;
    r.tags.cap = r.tags.n;
    r.sets.cap = r.sets.n;
    return r;
}

static bool pass(struct compose *c, str line)
{
    out_put(c->out, line);
    out_byte(c->out, '\n');
    return true;
}

/* ---- one line of stdin ---- */

/* A record of another program is no request. */
static bool is_record(struct compose *c, str line)
{
    arena scratch = c->message;
    struct json_fault fault;
    const struct jnode *type = jread_member(jread(&scratch, line, &fault), S("type"));
    return jread_is(type, JSON_STRING) && !str_eq(jread_string(&scratch, type), S("request"));
}

static bool take_request(struct compose *c, str line, int64_t number, struct err *e)
{
    struct request r = begin_request(c);
    bool skip = false;
    if (is_record(c, line))
        return pass(c, line);
    bool good = request_read(c, line, number, &r, &skip, e);
    if (good && skip)
        prog_note("line %lld: sent already, by its dd_SendFlag", (long long)number);
    else
        good = good && compose_request(c, &r, e);
    enclosures_close(&r, c->defaults.enclosures);
    return good;
}

static bool take_email(struct compose *c, const struct email *m, struct err *e)
{
    struct request r = begin_request(c);
    struct original o;
    if (!original_open(c, m, &o, e))
        return false;
    bool good;
    r.automatic = c->verb == VERB_REPLY && reply_is_automatic(c, &r);
    if (c->verb == VERB_RESEND)
        good = resend(c, &o, &r, e);
    else if (c->verb == VERB_FORWARD)
        good = forward_fill(c, &o, &r, e) && compose_request(c, &r, e);
    else
        good = reply_allowed(c, &o, &r, e) && reply_fill(c, &o, &r, e) && compose_request(c, &r, e);
    enclosures_close(&r, c->defaults.enclosures);
    original_close(&o);
    return good;
}

static bool take_record(struct compose *c, str line, int64_t number, struct err *e)
{
    struct record r;
    if (!record_read_types(&c->message, line, "stdin", number, RECORD_BIT(RECORD_EMAIL), &r, e))
        return false;
    return r.type == RECORD_EMAIL ? take_email(c, &r.email, e) : pass(c, line);
}

/* An answer that must not be is told quietly where answers are automatic. */
static void tell(struct compose *c, const struct err *e)
{
    if (reply_is_automatic(c, &c->defaults) && strcmp(e->code, "reply.refused") == 0)
        prog_warn("%s", e->text);
    else
        say(c, e);
}

static void take_lines(struct compose *c)
{
    struct lines in = lines_new(0, LINE_MAX_OCTETS);
    while (out_good(c->out) && !prog_stopping()) {
        struct err e = {0};
        str line;
        arena_reset(&c->message);
        if (!lines_ready(&in, 0))
            out_flush(c->out);
        enum line_status status = lines_next(&in, &line);
        if (status == LINE_END)
            break;
        if (!lines_err(&in, status, "stdin", &e)) {
            say(c, &e);
            if (status != LINE_LONG)
                break;
            continue;
        }
        if (!(c->verb == VERB_NEW ? take_request(c, line, in.number, &e) : take_record(c, line, in.number, &e)))
            tell(c, &e);
    }
    lines_free(&in);
}

/* ---- without stdin, or with a message on it ---- */

static bool take_id(struct compose *c, str id, struct err *e)
{
    struct ids ids = {0};
    struct store *s = compose_store(c, e);
    if (!s)
        return e->class ? false : err_set(e, ERR_MISSING, "store.missing", "-s names it", "there is no store that has message %.*s", STR_ARG(id));
    if (!store_resolve(&c->message, s, id, &ids, e))
        return false;
    for (ptrdiff_t i = 0; i < ids.n; i++) {
        struct email m;
        if (!store_email(&c->message, s, ids.item[i], &m, e) || !take_email(c, &m, e))
            return false;
    }
    return true;
}

static void take_ids(struct compose *c)
{
    for (ptrdiff_t i = 0; i < c->arguments.n && out_good(c->out); i++) {
        struct err e = {0};
        arena_reset(&c->message);
        if (!take_id(c, c->arguments.item[i], &e))
            tell(c, &e);
    }
}

static void take_one(struct compose *c)
{
    struct err e = {0};
    struct request r = begin_request(c);
    if (!(c->verb == VERB_MESSAGE ? send_stdin(c, &r, &e) : compose_request(c, &r, &e)))
        say(c, &e);
}

static void run(struct compose *c)
{
    if (c->verb == VERB_MESSAGE || (c->verb == VERB_NEW && !c->json))
        take_one(c);
    else if (c->arguments.n)
        take_ids(c);
    else
        take_lines(c);
}

int main(int argc, char **argv)
{
    prog_init("mail-compose");
    prog_signals(true);
    struct compose c = {.run = arena_new((size_t)1 << 32), .message = arena_new((size_t)1 << 36)};
    struct out out = out_new(&c.run, 1);
    struct err e = {0};
    c.out = &out;
    int code = read_options(&c, argc, argv);
    if (code >= 0)
        return code;
    if (c.verb == VERB_TEMPLATES)
        return templates_main(c.config_path, c.n_rest, c.rest);
    if (config_load(&c.run, c.config_path, &c.config, &e))
        run(&c);
    else
        prog_error(&e);
    compose_signer_close(c.signer);
    if (c.store)
        store_close(c.store);
    return prog_finish(&out);
}
