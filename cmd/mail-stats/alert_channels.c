/* Whom alerts go to: a command, a webhook, somebody by mail. */
#include "mail-stats/alert.h"
#include "mail-stats/commands.h"

#include "date/date.h"
#include "json/json.h"
#include "secret/secret.h"

#include <unistd.h>

enum { COMMAND_SECONDS = 30, HOST_OCTETS = 256 };

/* ---- which ------------------------------------------------------------------------------------------------- */

static bool wrong(const struct config *c, str name, str key, const char *what, struct err *e)
{
    err_set(e, ERR_CONFIG, "config.value", NULL, "%s", what);
    return config_section_wrong(c, S("alert"), name, key, e);
}

static str first_account(arena *a, const struct config *c)
{
    struct strs names = {0};
    config_accounts(a, c, &names);
    return names.n ? names.item[0] : STR_NONE;
}

static bool read_section(arena *a, const struct config *c, str name, struct channel *out, struct err *e)
{
    str least = config_section_get(c, S("alert"), name, S("least"));
    *out = (struct channel){.name = name, .least = HEALTH_WARNING};
    out->command = config_section_get(c, S("alert"), name, S("command"));
    out->webhook = config_section_get(c, S("alert"), name, S("webhook"));
    out->mail = config_section_get(c, S("alert"), name, S("mail"));
    out->account = config_section_get(c, S("alert"), name, S("account"));
    out->alive = config_section_get(c, S("alert"), name, S("alive"));
    if ((out->command.len > 0) + (out->webhook.len > 0) + (out->mail.len > 0) + (out->alive.len > 0) != 1)
        return wrong(c, name, STR_NONE, "an alert has one of command, webhook, mail and alive", e);
    if (str_eq(least, S("critical")))
        out->least = HEALTH_CRITICAL;
    else if (least.len && !str_eq(least, S("warning")))
        return wrong(c, name, S("least"), "least is warning or critical", e);
    if (!out->account.len)
        out->account = first_account(a, c);
    else if (!config_has_account(c, out->account))
        return wrong(c, name, S("account"), "there is no such account", e);
    return true;
}

/* A name that stays the same as long as the option does. */
static struct channel *of_option(arena *a, struct channels *out, const char *kind, str value, str account)
{
    struct channel *x = &out->item[out->n++];
    *x = (struct channel){.name = str_fmt(a, "--%s %08x", kind, (unsigned)str_hash(value)), .account = account, .least = HEALTH_WARNING};
    return x;
}

bool channels_read(arena *a, const struct config *c, const struct strs *commands, const struct strs *webhooks, const struct strs *mails, struct channels *out,
                   struct err *e)
{
    struct strs names = {0};
    str first = first_account(a, c);
    config_sections(a, c, S("alert"), &names);
    *out = (struct channels){ARENA_ARRAY(a, struct channel, names.n + commands->n + webhooks->n + mails->n), 0};
    for (ptrdiff_t i = 0; i < names.n; i++)
        if (!read_section(a, c, names.item[i], &out->item[out->n++], e))
            return false;
    for (ptrdiff_t i = 0; i < commands->n; i++)
        of_option(a, out, "exec", commands->item[i], first)->command = commands->item[i];
    for (ptrdiff_t i = 0; i < webhooks->n; i++)
        of_option(a, out, "webhook", webhooks->item[i], first)->webhook = webhooks->item[i];
    for (ptrdiff_t i = 0; i < mails->n; i++)
        of_option(a, out, "mail", mails->item[i], first)->mail = mails->item[i];
    ptrdiff_t listeners = 0;
    for (ptrdiff_t i = 0; i < out->n; i++)
        listeners += !out->item[i].alive.len;
    return listeners || err_set(e, ERR_CONFIG, "alert.channel", "write [alert NAME] into the configuration, or say --exec, --webhook or --mail", "nobody is to be told");
}

/* ---- what ------------------------------------------------------------------------------------------------- */

static void member(struct jwrite *w, const char *key, str value)
{
    jwrite_key(w, str_c(key));
    jwrite_string(w, value);
}

static void time_member(struct jwrite *w, const char *key, int64_t at)
{
    jwrite_key(w, str_c(key));
    if (!at) {
        jwrite_null(w);
        return;
    }
    buf_byte(w->to, '"');
    date_put_utc(w->to, at);
    buf_byte(w->to, '"');
    w->comma = true;
}

static str host_name(arena *a)
{
    char name[HOST_OCTETS] = "";
    gethostname(name, sizeof name - 1);
    return utf8_scrub(a, str_copy(a, str_c(name)));
}

str alert_record(arena *a, const struct alert *x, const char *event, str channel, int64_t now)
{
    struct buf b = buf_new(a, 1024);
    struct jwrite w = {.to = &b};
    jwrite_object(&w);
    member(&w, "type", S("alert"));
    jwrite_key(&w, S("v"));
    jwrite_i64(&w, 1);
    member(&w, "event", str_c(event));
    member(&w, "status", health_name(x->status));
    member(&w, "check", x->check);
    member(&w, "account", x->account);
    member(&w, "object", x->object);
    member(&w, "message", x->message);
    member(&w, "hint", x->hint);
    time_member(&w, "sinceAt", x->since);
    time_member(&w, "endedAt", x->ended_at);
    member(&w, "host", host_name(a));
    member(&w, "channel", channel);
    time_member(&w, "at", now);
    jwrite_end_object(&w);
    buf_byte(&b, '\n');
    return buf_str(&b);
}

/* ---- how ------------------------------------------------------------------------------------------------- */

static bool tell_command(struct request *r, const struct channel *c, const struct alert *x, const char *event, struct err *e)
{
    arena *a = r->mem;
    struct command sh = {0};
    command_word(&sh, "/bin/sh");
    command_word(&sh, "-c");
    command_word(&sh, str_z(a, c->command));
    return commands_run(a, &sh, 1, str_fmt(a, "the command of alert %.*s", STR_ARG(c->name)).ptr, alert_record(a, x, event, c->name, r->now), COMMAND_SECONDS,
                        NULL, e);
}

static bool tell_webhook(struct request *r, const struct channel *c, const struct alert *x, const char *event, struct err *e)
{
    arena *a = r->mem;
    str url = c->webhook;
    if (secret_is_reference(url) && !secret_get(a, url, &url, e))
        return false;
    str body = str_trim(alert_record(a, x, event, c->name, r->now));
    return curl_run(a, url, body, str_fmt(a, "curl for alert %.*s", STR_ARG(c->name)).ptr, e);
}

static str subject_of(arena *a, const struct alert *x)
{
    str what = x->account.ptr ? x->account : x->object;
    str state = x->status == HEALTH_OK ? S("over") : health_name(x->status);
    return str_fmt(a, "mailpipe %.*s: %.*s%s%.*s on %.*s", STR_ARG(state), STR_ARG(x->check), what.ptr ? " of " : "", STR_ARG(what), STR_ARG(host_name(a)));
}

static str text_of(arena *a, const struct alert *x)
{
    struct buf b = buf_new(a, 1024);
    buf_fmt(&b, "%.*s: %.*s\n", STR_ARG(x->status == HEALTH_OK ? S("over") : health_name(x->status)), STR_ARG(x->message));
    buf_put(&b, S("since "));
    date_put_utc(&b, x->since);
    if (x->ended_at) {
        buf_put(&b, S(" until "));
        date_put_utc(&b, x->ended_at);
    }
    if (x->status != HEALTH_OK && x->hint.ptr)
        buf_fmt(&b, "\n\nWhat to do: %.*s", STR_ARG(x->hint));
    buf_put(&b, S("\n"));
    return buf_str(&b);
}

static void place_words(struct command *c, const struct request *r)
{
    if (r->config) {
        command_word(c, "-C");
        command_word(c, r->config);
    }
    if (r->dir) {
        command_word(c, "-s");
        command_word(c, r->dir);
    }
}

/* The key makes a mail that was queued and not noted be queued once. */
static bool tell_mail(struct request *r, const struct channel *c, const struct alert *x, const char *event, struct err *e)
{
    arena *a = r->mem;
    struct command run[2] = {{.n = 0}, {.n = 0}};
    command_ours(a, &run[0], "mail-compose");
    place_words(&run[0], r);
    str key = str_fmt(a, "alert:%.*s:%.*s:%.*s:%.*s:%s:%s:%lld", STR_ARG(c->name), STR_ARG(x->check), STR_ARG(x->account), STR_ARG(x->object), event,
                      health_name(x->status).ptr, (long long)(x->ended_at ? x->ended_at : x->since));
    const char *const words[] = {"--raw", "--to", str_z(a, c->mail), "--subject", subject_of(a, x).ptr, "--text", "-", "--auto-submitted", "auto-generated",
                                 "--no-signature", "--key", key.ptr};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        command_word(&run[0], words[i]);
    if (c->account.len) {
        command_word(&run[0], "-a");
        command_word(&run[0], str_z(a, c->account));
    }
    command_ours(a, &run[1], "mail-queue");
    command_word(&run[1], "add");
    place_words(&run[1], r);
    return commands_run(a, run, 2, str_fmt(a, "the mail of alert %.*s", STR_ARG(c->name)).ptr, text_of(a, x), COMMAND_SECONDS, NULL, e);
}

bool channel_tell(struct request *r, const struct channel *c, const struct alert *x, const char *event, struct err *e)
{
    if (c->command.len)
        return tell_command(r, c, x, event, e);
    if (c->webhook.len)
        return tell_webhook(r, c, x, event, e);
    return tell_mail(r, c, x, event, e);
}
