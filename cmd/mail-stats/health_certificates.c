/* Certificates that end soon: those of servers, as the last poll saw them, and our own. */
#include "mail-stats/health_judge.h"

#include "sign/sign.h"
#include "sys/sys.h"

enum { DAY = 86400, DAYS_WARNING = 14, DAYS_CRITICAL = 3, FILE_OCTETS = 1 << 20, SEEN_S = 7 * DAY };

/* object: where it is. */
static void judge_end(struct judge *j, str account, str object, int64_t ends, const char *hint)
{
    int64_t left = ends - j->r->now;
    struct finding f = {.check = S("certificate"), .account = account, .object = object};
    if (left <= judge_setting(j, account, S("health.certificateCritical"), DAYS_CRITICAL) * DAY)
        f.status = HEALTH_CRITICAL;
    else if (left <= judge_setting(j, account, S("health.certificateWarning"), DAYS_WARNING) * DAY)
        f.status = HEALTH_WARNING;
    if (f.status != HEALTH_OK)
        f.hint = str_c(hint);
    if (left < 0) {
        f.since = ends;
        judge_add(j, f, "the certificate of %.*s ended %.*s ago", STR_ARG(object), STR_ARG(judge_duration(j, -left)));
    } else {
        judge_add(j, f, "the certificate of %.*s ends in %.*s", STR_ARG(object), STR_ARG(judge_duration(j, left)));
    }
}

static void judge_own(struct judge *j, str account)
{
    str path = config_get(&j->config, account, S("smime.cert")), text;
    struct err e;
    int64_t ends;
    if (!path.len)
        return;
    if (!file_read(j->r->mem, str_z(j->r->mem, path), FILE_OCTETS, &text, &e) || !certificate_ends(text, path, &ends, &e))
        judge_error(j, S("certificate"), account, &e);
    else
        judge_end(j, account, path, ends, "get a new one, and put it in the place of smime.cert");
}

/* A server that the account was moved away from is not looked at. */
static void judge_server(struct judge *j, const struct health_certificate *x)
{
    str host = config_get(&j->config, x->account, str_fmt(j->r->mem, "%.*s.host", STR_ARG(x->protocol)));
    bool named = !j->config.exists || str_eq(host, x->host) || str_find(host, x->host) >= 0;
    if (named && judge_wants(j, x->account) && x->seen_at > j->r->now - SEEN_S)
        judge_end(j, x->account, x->host, x->ends_at, "its owner must renew it; until then mail-fetch will refuse it once it has ended");
}

static void judge_servers(struct judge *j)
{
    struct health_certificates all;
    struct err e;
    if (!health_certificates(j->r->mem, j->r->store, &all, &e)) {
        judge_error(j, S("store"), STR_NONE, &e);
        return;
    }
    for (ptrdiff_t i = 0; i < all.n; i++)
        judge_server(j, &all.item[i]);
}

void judge_certificates(struct judge *j)
{
    if (j->r->store)
        judge_servers(j);
    struct strs names = {0};
    config_accounts(j->r->mem, &j->config, &names);
    for (ptrdiff_t i = 0; i < names.n; i++)
        if (judge_wants(j, names.item[i]) && !str_eq(config_get(&j->config, names.item[i], S("status")), S("inactive")))
            judge_own(j, names.item[i]);
}
