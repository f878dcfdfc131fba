/* Certificates that end soon: those of servers, as the last poll saw them, and our own. */
#include "mail-stats/health_judge.h"

#include "sign/sign.h"
#include "sys/sys.h"

enum { DAY = 86400, DAYS_WARNING = 14, DAYS_CRITICAL = 3, FILE_OCTETS = 1 << 20 };

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

void judge_certificates(struct judge *j)
{
    struct strs names = {0};
    config_accounts(j->r->mem, &j->config, &names);
    for (ptrdiff_t i = 0; i < names.n; i++)
        if (judge_wants(j, names.item[i]) && !str_eq(config_get(&j->config, names.item[i], S("status")), S("inactive")))
            judge_own(j, names.item[i]);
}
