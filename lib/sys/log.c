/* Messages to people: as text or JSON on stderr, or to syslog. */
#include "sys/log.h"

#include "json/json.h"
#include "sys/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { TEXT, JSON, SYSLOG };
enum { LINE = 4096, JSON_LINE = 1 << 14 };

static int form = TEXT;
static enum verbosity level = NORMAL;
static enum prog_wish form_by, level_by;
static char account[128];

static const struct {
    const char *words;
    enum verbosity level;
} levels[] = {
    {"error critical fatal alert emerg", QUIET},
    {"warning warn", NORMAL},
    {"info notice", VERBOSE},
    {"debug trace", DEBUGGING},
};

static const char *const forms[] = {"text", "json", "syslog"};

static bool has_word(const char *words, str wanted)
{
    str rest = str_c(words), word;
    while (rest.len) {
        str_cut(rest, ' ', &word, &rest);
        if (str_eq_nocase(word, wanted))
            return true;
    }
    return false;
}

static int form_named(str word)
{
    for (int i = TEXT; i <= SYSLOG; i++)
        if (str_eq_nocase(word, str_c(forms[i])))
            return i;
    return -1;
}

static int level_named(str word)
{
    for (int i = 0; i < (int)(sizeof levels / sizeof *levels); i++)
        if (has_word(levels[i].words, word))
            return i;
    return -1;
}

bool prog_is_log_form(str word) { return form_named(word) >= 0; }

bool prog_is_log_level(str word) { return level_named(word) >= 0; }

bool prog_logs_text(void) { return form == TEXT; }

bool prog_log_form(str word, enum prog_wish by)
{
    int named = form_named(word);
    if (named < 0 || by < form_by)
        return named >= 0;
    form = named;
    form_by = by;
    if (form == SYSLOG) /* at once: a sandbox opens no socket */
        openlog(prog_name(), LOG_PID | LOG_NDELAY, LOG_MAIL);
    return true;
}

bool prog_log_level(str word, enum prog_wish by)
{
    int named = level_named(word);
    if (named < 0 || by < level_by)
        return named >= 0;
    level = levels[named].level;
    level_by = by;
    return true;
}

void prog_verbosity(enum verbosity v)
{
    level = v;
    level_by = PROG_BY_OPTION;
}

enum verbosity prog_is(void) { return level; }

void prog_account(str name) { err_printable(account, sizeof account, name); }

static const char *level_name(enum verbosity of)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    return names[of - QUIET];
}

void log_pass(void)
{
    char both[32];
    snprintf(both, sizeof both, "%s,%s", forms[form], level_name(level));
    setenv("MAILPIPE_LOG", both, 1);
}

/* A word that is neither is no reason to stop a program that runs from cron: it stays as it was. */
void log_init(void)
{
    static const char *const variables[] = {"LOG_LEVEL", "MAIL_LOG", "MAILPIPE_LOG"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        str value = str_c(getenv(variables[i])), word;
        while (value.len) {
            str_cut(value, ',', &word, &value);
            prog_log_level(str_trim(word), PROG_BY_ENVIRONMENT);
            prog_log_form(str_trim(word), PROG_BY_ENVIRONMENT);
        }
    }
}

static void put_member(struct jwrite *w, str key, const char *value)
{
    char line[LINE];
    if (!value[0])
        return;
    err_printable(line, sizeof line, str_c(value));
    jwrite_key(w, key);
    jwrite_string(w, str_c(line));
}

static void put_time(struct jwrite *w)
{
    int64_t ms = sys_clock.now_ms();
    time_t seconds = (time_t)(ms / 1000);
    struct tm t;
    char day[32], text[64];
    gmtime_r(&seconds, &t);
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &t);
    snprintf(text, sizeof text, "%s.%03dZ", day, (int)(ms % 1000));
    put_member(w, S("time"), text);
}

/* Memory of its own, because a message may be about there being none; given back each time. */
static void say_json(const struct log_message *m)
{
    arena mem = arena_new(JSON_LINE * 8);
    struct buf line = buf_new(&mem, JSON_LINE);
    struct jwrite w = {.to = &line};
    jwrite_object(&w);
    put_member(&w, S("type"), "log");
    jwrite_key(&w, S("v"));
    jwrite_i64(&w, 1);
    put_time(&w);
    put_member(&w, S("level"), level_name(m->level));
    put_member(&w, S("program"), prog_name());
    jwrite_key(&w, S("pid"));
    jwrite_i64(&w, getpid());
    put_member(&w, S("account"), account);
    put_member(&w, S("code"), m->code);
    put_member(&w, S("stage"), m->stage);
    put_member(&w, S("message"), m->text);
    put_member(&w, S("server"), m->server);
    put_member(&w, S("hint"), m->hint);
    if (m->exit) {
        jwrite_key(&w, S("exit"));
        jwrite_i64(&w, m->exit);
    }
    jwrite_end_object(&w);
    buf_byte(&line, '\n');
    fd_write_full(2, buf_str(&line));
    arena_free(&mem);
}

static void say_line(const struct log_message *m, bool to_syslog)
{
    static const int priorities[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};
    char prefix[128] = "", text[LINE], line[LINE + 1];
    bool server = m->server[0] != 0, hint = m->hint[0] != 0;
    if (!to_syslog) /* which has it already */
        snprintf(prefix, sizeof prefix, "%s%s%s: ", prog_name(), m->verb[0] ? " " : "", m->verb);
    snprintf(text, sizeof text, "%s%s%s%s%s%s%s", prefix, m->text, server ? " (server: " : "", m->server, server ? ")" : "", hint ? "; " : "", m->hint);
    err_printable(line, sizeof line - 1, str_c(text));
    if (to_syslog) {
        syslog(priorities[m->level - QUIET], "%s", line);
        return;
    }
    size_t len = strlen(line);
    line[len] = '\n';
    fd_write_full(2, str_of(line, (ptrdiff_t)len + 1));
}

void log_say(const struct log_message *m)
{
    if (m->level > level)
        return;
    if (form == JSON)
        say_json(m);
    else
        say_line(m, form == SYSLOG);
}

void log_misuse(const char *verb, const char *text)
{
    char hint[128];
    bool two_lines = form == TEXT; /* for people */
    snprintf(hint, sizeof hint, "try '%s%s%s -h'", prog_name(), verb[0] ? " " : "", verb);
    log_say(&(struct log_message){QUIET, text, verb, "usage", "", "", two_lines ? "" : hint, ERR_USAGE});
    if (two_lines)
        log_say(&(struct log_message){QUIET, hint, verb, "", "", "", "", 0});
}
