/* health --probe: whether the servers let us in now, asked by the programs that use them. */
#include "mail-stats/commands.h"
#include "mail-stats/health_judge.h"

enum { TEST_SECONDS = 120 };

struct test {
    const char *program;
    str check, host; /* host: the key without which there is nothing to test */
};
static const struct test tests[] = {{"mail-fetch", S("fetch-test"), S("imap.host")}, {"mail-send", S("send-test"), S("smtp.host")}};

static void run_test(struct judge *j, str account, const struct test *t)
{
    arena *a = j->r->mem;
    struct command c = {0};
    struct finding f = {.check = t->check, .account = account};
    struct err e;
    command_ours(a, &c, t->program);
    if (j->r->config) {
        command_word(&c, "-C");
        command_word(&c, j->r->config);
    }
    command_word(&c, "-a");
    command_word(&c, str_z(a, account));
    command_word(&c, "test");
    if (commands_run(a, &c, 1, str_fmt(a, "%s test", t->program).ptr, STR_NONE, TEST_SECONDS, NULL, &e)) {
        judge_add(j, f, "%s test passed", t->program);
        return;
    }
    f.status = HEALTH_CRITICAL;
    f.hint = str_fmt(a, "%s -a %.*s test -v", t->program, STR_ARG(account));
    judge_add(j, f, "%s", e.server[0] ? e.server : e.text);
}

void health_probe(struct request *r, struct findings *all)
{
    struct judge j = {.r = r, .out = all};
    struct strs names = {0};
    struct err later; /* health_findings has told it */
    if (!config_load(r->mem, r->config, &j.config, &later))
        return;
    config_accounts(r->mem, &j.config, &names);
    for (ptrdiff_t i = 0; i < names.n; i++)
        for (int k = 0; k < 2; k++)
            if (judge_wants(&j, names.item[i]) && !str_eq(config_get(&j.config, names.item[i], S("status")), S("inactive")) &&
                config_get(&j.config, names.item[i], tests[k].host).len)
                run_test(&j, names.item[i], &tests[k]);
    findings_sort(all);
}
