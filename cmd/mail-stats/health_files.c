/* What everything stands on: disk, store, clock, secrets. */
#include "mail-stats/health_judge.h"

#include "secret/secret.h"

#include <sys/stat.h>

enum { DAY = 86400, CHECK_DAYS = 35, CLOCK_S = 300, FILES_LEAST = 1000, LOG_MOST = 1 << 30 };
static const int64_t disk_warning = (int64_t)1 << 30, disk_critical = 200 << 20;

void judge_disk(struct judge *j)
{
    struct health_files x;
    struct err e;
    if (!health_files(j->r->mem, j->r->store, &x, &e)) {
        judge_error(j, S("disk"), STR_NONE, &e);
        return;
    }
    struct finding f = {.check = S("disk")};
    bool full = x.free_octets <= judge_size(j, S("health.diskCritical"), disk_critical);
    bool short_of = x.free_octets <= judge_size(j, S("health.diskWarning"), disk_warning);
    if (full || x.free_files == 0)
        f.status = HEALTH_CRITICAL;
    else if (short_of || (x.free_files > 0 && x.free_files < FILES_LEAST))
        f.status = HEALTH_WARNING;
    if (f.status != HEALTH_OK)
        f.hint = S("make room on it, or move the store to another one (-s, MAILPIPE_STORE)");
    str octets = judge_octets(j, x.free_octets), dir = store_dir(j->r->store);
    if (x.free_files >= 0 && x.free_files < FILES_LEAST)
        judge_add(j, f, "the disk of %.*s has room for %lld files", STR_ARG(dir), (long long)x.free_files);
    else
        judge_add(j, f, "the disk of %.*s has %.*s free", STR_ARG(dir), STR_ARG(octets));
    if (x.log_octets > LOG_MOST)
        judge_add(j, (struct finding){.status = HEALTH_WARNING, .check = S("log"), .hint = S("something reads the store for hours: fuser -v mail.db")},
                  "mail.db-wal has grown to %.*s", STR_ARG(judge_octets(j, x.log_octets)));
}

void judge_store(struct judge *j)
{
    struct store_verdict v;
    struct finding f = {.check = S("store")};
    if (!store_verdict(j->r->mem, j->r->store, &v)) {
        judge_add(j, f, "it can be read; mail-store check was never run");
        return;
    }
    str ago = judge_duration(j, j->r->now - v.at);
    if (v.faults) {
        f.status = HEALTH_CRITICAL;
        f.since = v.at;
        f.hint = S("mail-store check --full names them; doc/store.md tells what to do");
        judge_add(j, f, "mail-store check found %lld fault%s", (long long)v.faults, v.faults > 1 ? "s" : "");
        return;
    }
    if (j->r->now - v.at > judge_setting(j, STR_NONE, S("health.checkWarning"), CHECK_DAYS) * DAY) {
        f.status = HEALTH_WARNING;
        f.since = v.at;
        f.hint = S("run mail-store check");
    }
    judge_add(j, f, "mail-store check found nothing wrong %.*s ago", STR_ARG(ago));
}

void judge_clock(struct judge *j)
{
    struct health_clock x;
    struct err e;
    if (!health_clock(j->r->store, &x, &e)) {
        judge_error(j, S("store"), STR_NONE, &e);
        return;
    }
    int64_t now = j->r->now, most = judge_setting(j, STR_NONE, S("health.clockWarning"), CLOCK_S);
    struct finding f = {.check = S("clock")};
    if (x.newest_at > now + most) {
        f.status = x.newest_at > now + DAY ? HEALTH_CRITICAL : HEALTH_WARNING;
        f.hint = S("is the clock right? timedatectl tells; polls and mail wait for the time that was written");
        judge_add(j, f, "the store has rows of the future, %.*s ahead of the clock", STR_ARG(judge_duration(j, x.newest_at - now)));
    } else if (x.back_s > most && x.back_at > now - DAY) {
        f.status = HEALTH_WARNING;
        f.since = x.back_at;
        f.hint = S("was it set by hand? let it be kept by systemd-timesyncd, chrony or ntpd");
        judge_add(j, f, "the clock went back by %.*s", STR_ARG(judge_duration(j, x.back_s)));
    } else {
        judge_add(j, f, "no row of the store is ahead of it");
    }
}

/* ---- secrets ------------------------------------------------------------------------------------------------- */

static void judge_secret(struct judge *j, str account, str key)
{
    struct stat st;
    str value = config_get(&j->config, account, key), path = str_skip(value, S("file:").len);
    int64_t days = judge_setting(j, account, S("health.secretWarning"), INT64_MAX / DAY);
    if (!str_starts(value, S("file:")) || stat(str_z(j->r->mem, path), &st) != 0)
        return;
    int64_t age = j->r->now - st.st_mtim.tv_sec;
    if (age < days * DAY)
        return;
    struct finding f = {.status = HEALTH_WARNING, .check = S("secret"), .account = account, .object = key, .since = st.st_mtim.tv_sec + days * DAY,
                        .hint = S("change it at the server and in the file")};
    judge_add(j, f, "the secret in %.*s is %.*s old", STR_ARG(path), STR_ARG(judge_duration(j, age)));
}

/* Of tokens nothing is known before there are any; the times of files are all that a secret shows. */
void judge_secrets(struct judge *j)
{
    for (ptrdiff_t i = 0; i < j->accounts.n; i++) {
        judge_secret(j, j->accounts.item[i], S("imap.secret"));
        judge_secret(j, j->accounts.item[i], S("smtp.secret"));
    }
}
