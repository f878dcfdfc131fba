#include "tap.h"

#include "config/config.h"
#include "sys/sys.h"

#include <unistd.h>

static char folder[] = "/tmp/mailpipe-config-XXXXXX";

static char *path_of(arena *a, const char *name) { return str_z(a, str_fmt(a, "%s/%s", folder, name)); }

static bool load(arena *a, const char *text, struct config *c, struct err *e)
{
    char *path = path_of(a, "c.conf");
    return file_replace(path, str_c(text), 0600, e) && config_load(a, path, c, e);
}

static const char sample[] = "# mine\n"
                             "[defaults]\n"
                             "syncInterval = 300\n"
                             "\n"
                             "[account support]   # the desk\n"
                             "  email = support@example.com   # comment\n"
                             "imap.secret = cmd:pass show a;b#c\n"
                             "name = \" Support \\\"Desk\\\" # 1 \"\n"
                             "mailboxes = INBOX, Sent ,, Archive/2026\n"
                             "autoSync = no\n"
                             "\n"
                             "[account sales]\n"
                             "syncInterval = 60";

static void reading(arena *a)
{
    struct config c;
    struct err e;
    ok(load(a, sample, &c, &e), "a configuration is read");
    is_str(config_get(&c, S("support"), S("email")), S("support@example.com"), "a value ends before its comment");
    is_str(config_get(&c, S("support"), S("imap.secret")), S("cmd:pass show a;b#c"), "; and # inside a word are no comment");
    is_str(config_get(&c, S("support"), S("name")), S(" Support \"Desk\" # 1 "), "quotes keep everything");
    is_str(config_get(&c, S("support"), S("SYNCINTERVAL")), S("300"), "what an account does not say, the defaults do");
    ok(!config_get(&c, S("support"), S("imap.host")).ptr, "what nobody says is none");
    struct strs list;
    config_list(a, &c, S("support"), S("mailboxes"), &list);
    ok(list.n == 3 && str_eq(list.item[2], S("Archive/2026")), "a list");
    config_accounts(a, &c, &list);
    ok(list.n == 2 && str_eq(list.item[0], S("support")) && str_eq(list.item[1], S("sales")), "accounts in their order");
    bool on;
    int64_t n;
    ok(config_bool(&c, S("support"), S("autoSync"), true, &on, &e) && !on, "no is no");
    ok(config_i64(&c, S("sales"), S("syncInterval"), 1, 100, 5, &n, &e) && n == 60, "a number");
    ok(!config_i64(&c, S("support"), S("syncInterval"), 1, 100, 5, &n, &e) && e.class == ERR_CONFIG && strstr(e.text, "line 3"),
       "a number out of range names its line: %s", e.text);
}

static void wrong(arena *a)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"x = 1\n", "line 1"},           {"[account]\n", "needs a name"}, {"[account a]\nnonsense\n", "line 2"},
        {"[a\n", "section is written"},  {"[a]\n[a]\n", "twice"},         {"[a]\nk=1\nK=2\n", "twice"},
        {"[a]\nk = \"open\n", "quotes"}, {"[a]\n= 1\n", "before the '='"}, {"[a]\nk = \xFF\n", "UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct config c;
        struct err e = {0};
        ok(!load(a, cases[i].text, &c, &e) && e.class == ERR_CONFIG && strstr(e.text, cases[i].says), "refused: %s", e.text);
    }
    struct config c;
    struct err e;
    ok(!config_load(a, path_of(a, "absent"), &c, &e) && e.class == ERR_CONFIG, "a named file must be there");
}

static void editing(arena *a)
{
    struct config c;
    struct err e;
    load(a, sample, &c, &e);
    str text = config_edit(a, &c, S("support"), S("email"), S("help@example.com"));
    ok(str_find(text, S("  email = help@example.com   # comment\n")) > 0, "an edit changes the value and nothing else");
    is_int(text.len, c.text.len - 3, "by three octets");
    text = config_edit(a, &c, S("support"), S("imap.port"), S("143"));
    ok(str_find(text, S("autoSync = no\nimap.port = 143\n\n[account sales]")) > 0, "a new setting goes behind the last of its section");
    text = config_edit(a, &c, S("sales"), S("note"), S(" a # b\\c\"d"));
    ok(config_save(&c, text, &e) && config_load(a, path_of(a, "c.conf"), &c, &e), "saved, and read again");
    is_str(config_get(&c, S("sales"), S("note")), S(" a # b\\c\"d"), "a value that needs quotes comes back");
    is_str(config_get(&c, S("sales"), S("syncInterval")), S("60"), "a last line without an end is kept apart");
    text = config_edit(a, &c, S("sales"), S("syncInterval"), STR_NONE);
    ok(str_find(text, S("syncInterval = 60")) < 0 && str_find(text, S("syncInterval = 300")) > 0, "a setting is removed");
    text = config_edit(a, &c, S("new"), S("email"), S("n@example.com"));
    ok(str_ends(text, S("\n[account new]\nemail = n@example.com\n")), "an account is added at the end");
    struct config bare;
    load(a, "[account a]\nx =", &bare, &e);
    is_str(config_edit(a, &bare, S("a"), S("x"), S("1")), S("[account a]\nx =1"), "an empty value at the end of a file without a line end");
    load(a, "[account a]\nx = #c\ny = \"1\";c\n", &bare, &e);
    is_str(config_edit(a, &bare, S("a"), S("x"), S("1")), S("[account a]\nx = 1 #c\ny = \"1\";c\n"), "a comment stays one where there was no value");
    is_str(config_edit(a, &bare, S("a"), S("y"), S("2")), S("[account a]\nx = #c\ny = 2 ;c\n"), "and behind a quote");
    text = config_remove_account(a, &c, S("support"));
    ok(str_find(text, S("support")) < 0 && str_find(text, S("[account sales]")) > 0 && str_starts(text, S("# mine")), "an account is removed");
}

static void items(arena *a)
{
    struct config c;
    struct err e;
    struct config_item it;
    struct buf b = buf_new(a, 200);
    load(a, "[defaults]\nx = 1\n[empty]\n[account a]\ny = 2\nz=3\n", &c, &e);
    for (ptrdiff_t i = 0; config_item(&c, i, &it); i++)
        buf_fmt(&b, "%d %.*s/%.*s/%.*s=%.*s;", it.line, STR_ARG(it.kind), STR_ARG(it.name), STR_ARG(it.key), STR_ARG(it.value));
    is_str(buf_str(&b), S("1 defaults//=;2 defaults//x=1;3 empty//=;4 account/a/=;5 account/a/y=2;6 account/a/z=3;"), "every item in its order");
    load(a, "", &c, &e);
    ok(!config_item(&c, 0, &it), "an empty file has none");
}

static void environment(arena *a)
{
    struct config c;
    struct err e;
    int64_t n;
    ptrdiff_t all;
    const struct config_variable *v = config_variables(&all);
    for (ptrdiff_t i = 0; i < all; i++)
        ok(v[i].key ? config_key(str_c(v[i].key)) != NULL : v[i].meaning != NULL, "%s stands for a key that there is, or has a meaning", v[i].name);
    load(a, "[account a]\nsyncInterval = 60\n[account b]\n", &c, &e);
    setenv("EMAIL_DEFAULT_POLL_FREQUENCY", "900", 1);
    is_str(config_get(&c, S("a"), S("syncInterval")), S("60"), "what the file says counts over the environment");
    is_str(config_get(&c, S("b"), S("syncInterval")), S("900"), "which counts over what is built in");
    setenv("EMAIL_INTEGRATION_POLL_FREQUENCY", "700", 1);
    is_str(config_get(&c, S("b"), S("syncinterval")), S("700"), "the first of several names counts");
    setenv("EMAIL_INTEGRATION_POLL_FREQUENCY", "", 1);
    is_str(config_get(&c, S("b"), S("syncInterval")), S("900"), "an empty variable is none");
    setenv("EMAIL_DEFAULT_POLL_FREQUENCY", "soon", 1);
    ok(!config_i64(&c, S("b"), S("syncInterval"), 1, 100, 5, &n, &e) && e.class == ERR_CONFIG && strstr(e.text, "the variable EMAIL_DEFAULT_POLL_FREQUENCY"),
       "a wrong one is named: %s", e.text);
    unsetenv("EMAIL_DEFAULT_POLL_FREQUENCY");
    ok(config_i64(&c, S("b"), S("syncInterval"), 1, 100, 5, &n, &e) && n == 5, "nobody says it");
}

static void places(arena *a)
{
    struct config c;
    struct err e;
    load(a, "[defaults]\nimap.secret = env:A\n[account x]\nsmtp.secret = env:B\n", &c, &e);
    is_str(config_place(a, &c, S("x"), S("smtp.secret")), S("x.smtp.secret"), "an own value stands with its account");
    is_str(config_place(a, &c, S("x"), S("imap.secret")), S("[defaults].imap.secret"), "another one with the defaults");
    is_str(config_section_place(a, S("profile"), S("p"), S("smtp.secret")), S("[profile p].smtp.secret"), "a section is named");
    str text = config_section_edit(a, &c, S("defaults"), STR_NONE, S("seal.key"), S("file:/k"));
    ok(str_starts(text, S("[defaults]\nimap.secret = env:A\nseal.key = file:/k\n")), "the defaults are edited as a section");
    load(a, "", &c, &e);
    is_str(config_section_edit(a, &c, S("defaults"), STR_NONE, S("k"), S("v")), S("[defaults]\nk = v\n"), "and made");
}

int main(void)
{
    arena a = arena_new(1 << 26);
    if (!mkdtemp(folder))
        return 1;
    reading(&a);
    wrong(&a);
    editing(&a);
    places(&a);
    environment(&a);
    items(&a);
    char *remove = str_z(&a, str_fmt(&a, "rm -rf %s", folder));
    ok(system(remove) == 0, "cleaned up");
    return done();
}
