#include "tap.h"

#include "secret/secret.h"
#include "sys/sys.h"

#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/mailpipe-secret-XXXXXX";

static char *path_of(arena *a, const char *name) { return str_z(a, str_fmt(a, "%s/%s", folder, name)); }

static void references(arena *a)
{
    struct err e;
    str s;
    char *file = path_of(a, "pw");
    str reference = str_fmt(a, "file:%s", file);
    file_replace(file, S("geheim\nsecond line\n"), 0600, &e);
    ok(secret_get(a, reference, &s, &e) && str_eq(s, S("geheim")), "the first line of a file");
    ok(secret_get_text(a, reference, &s, &e) && str_eq(s, S("geheim\nsecond line\n")), "all its lines");
    chmod(file, 0640);
    ok(!secret_get(a, reference, &s, &e) && e.class == ERR_LOGIN && strstr(e.text, "others can read"), "a file that others can read is refused");
    setenv("MAILPIPE_TEST_PW", "x y", 1);
    ok(secret_get(a, S("env:MAILPIPE_TEST_PW"), &s, &e) && str_eq(s, S("x y")), "a variable");
    ok(!getenv("MAILPIPE_TEST_PW"), "which no child will see");
    ok(!secret_get(a, S("env:MAILPIPE_TEST_PW"), &s, &e) && e.class == ERR_LOGIN, "a variable that is not set");
    ok(secret_get(a, S("cmd:printf 'a b\\r\\nc'"), &s, &e) && str_eq(s, S("a b")), "a command's first line");
    ok(secret_get(a, S("cmd:if test -t 0 || read x; then echo bad; else echo alone; fi"), &s, &e) && str_eq(s, S("alone")),
       "a command has neither terminal nor input");
    ok(!secret_get(a, S("cmd:echo x; exit 3"), &s, &e) && e.class == ERR_LOGIN && strstr(e.text, "exit 3"), "a command that fails: %s", e.text);
    ok(!secret_get(a, S("cmd:true"), &s, &e) && strstr(e.text, "empty"), "an empty secret");
    ok(!secret_get(a, S("hunter2"), &s, &e) && e.class == ERR_CONFIG && !strstr(e.text, "hunter2"), "a plain secret is refused and not repeated");
    ok(!secret_is_reference(S("cmd:")) && secret_is_reference(S("env:X")), "the form of a reference");
}

static void netrc(arena *a)
{
    static const struct {
        const char *reference, *password, *what;
    } cases[] = {
        {"netrc:one.example", "first", "a machine"},
        {"netrc:ONE.example", "first", "a name of a machine has no case"},
        {"netrc:one.example/bob", "second", "a login"},
        {"netrc:two.example", "a \"b\" \\c # d", "quotes"},
        {"netrc:three.example", "behind", "an entry behind a macro"},
        {"netrc:five.example", "late", "the password before the login"},
        {"netrc:five.example/zoe", "late", "and with the login"},
        {"netrc:else.example", "any", "default"},
        {"netrc:else.example/ann", NULL, "default has no login"},
        {"netrc:one.example/zoe", NULL, "a login that is not there"},
    };
    struct err e;
    str s;
    char *file = path_of(a, "netrc");
    file_replace(file,
                 S("# machine one.example password no\nmachine one.example login ann password first\n"
                   "machine one.example\n\tlogin bob\n\tpassword second\nmachine two.example login \"x y\" password \"a \\\"b\\\" \\\\c # d\"\n"
                   "macdef init\nmachine three.example password macro\n\nmachine three.example account q password behind\n"
                   "machine five.example password late login zoe\ndefault password any"),
                 0600, &e);
    setenv("NETRC", file, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool found = secret_get(a, str_c(cases[i].reference), &s, &e);
        ok(cases[i].password ? found && str_eq(s, str_c(cases[i].password)) : !found && e.class == ERR_LOGIN, "netrc: %s", cases[i].what);
    }
    chmod(file, 0644);
    ok(!secret_get(a, S("netrc:one.example"), &s, &e) && e.class == ERR_LOGIN && strstr(e.text, "others can read"), "netrc: only its owner may read it");
    file_replace(file, S("machine one.example password \"open"), 0600, &e);
    ok(secret_get(a, S("netrc:one.example"), &s, &e) && str_eq(s, S("open")), "netrc: a quote that does not close ends with the file");
    file_replace(file, S("machine"), 0600, &e);
    ok(!secret_get(a, S("netrc:one.example"), &s, &e), "netrc: a word without its value");
}

static void keyring(arena *a)
{
    struct err e;
    str s;
    char *tool = path_of(a, "secret-tool");
    file_replace(tool, S("#!/bin/sh\n[ $# = 5 ] && [ \"$1 $2 $3 $4 $5\" = 'lookup service mail user a;b' ] && echo from-keyring\n"), 0755, &e);
    str path = str_fmt(a, "%s:%s", folder, getenv("PATH"));
    setenv("PATH", path.ptr, 1);
    ok(secret_get(a, S("keyring:service mail user a;b"), &s, &e) && str_eq(s, S("from-keyring")), "keyring: no shell reads its words");
    ok(!secret_get(a, S("keyring:service other user x"), &s, &e) && e.class == ERR_LOGIN && strstr(e.hint, "cron"), "keyring: nothing found");
    ok(!secret_get(a, S("keyring:service"), &s, &e) && e.class == ERR_CONFIG, "keyring: words go in pairs");
}

static void sealing(arena *a)
{
    struct err e;
    str s;
    struct seal_keys keys = {.n = 2, .from = S("here")};
    struct seal_key other;
    ok(seal_key_new(a, &keys.key[0]).len == 45, "a key is 44 characters and a line end");
    seal_key_new(a, &keys.key[1]);
    seal_key_new(a, &other);
    str sealed = secret_seal(a, &keys.key[1], S("x.imap.secret"), S("hunter2"));
    ok(str_starts(sealed, S("sealed:v1:")) && secret_is_reference(sealed), "a sealed text: %.*s", STR_ARG(sealed));
    ok(!str_eq(sealed, secret_seal(a, &keys.key[1], S("x.imap.secret"), S("hunter2"))), "never twice the same");
    ok(secret_unseal(a, &keys, S("x.imap.secret"), sealed, &s, &e) && str_eq(s, S("hunter2")), "opens with any of the keys");
    ok(!secret_unseal(a, &keys, S("y.imap.secret"), sealed, &s, &e) && e.class == ERR_LOGIN && strcmp(e.code, "secret.moved") == 0,
       "not as another setting: %s", e.text);
    keys.key[1] = other;
    ok(!secret_unseal(a, &keys, S("x.imap.secret"), sealed, &s, &e) && e.class == ERR_LOGIN && strcmp(e.code, "secret.key") == 0 &&
           strstr(e.text, "another key"),
       "not with other keys: %s", e.text);
    sealed = secret_seal(a, &keys.key[0], S("n"), S("x"));
    int opened = 0;
    for (ptrdiff_t i = 10; i < sealed.len; i++) {
        char *changed = str_z(a, sealed);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        opened += secret_unseal(a, &keys, S("n"), str_of(changed, sealed.len), &s, &e) && s.len == 1;
        opened += secret_unseal(a, &keys, S("n"), str_first(sealed, i), &s, &e);
    }
    ok(opened == 0, "neither with a changed octet nor cut");
    ok(!secret_unseal(a, &keys, S("n"), S("sealed:v1:!!!!"), &s, &e) && e.class == ERR_CONFIG, "no base64");
    ok(!secret_unseal(a, &keys, S("n"), S("sealed:v2:AAAA"), &s, &e) && e.class == ERR_CONFIG, "no such version");
    str big = str_of(arena_zero(a, 16384, 1, 1), 16384);
    ok(secret_unseal(a, &keys, S("n"), secret_seal(a, &keys.key[0], S("n"), big), &s, &e) && str_eq(s, big), "16 KiB of zeroes");
    ok(!secret_get(a, sealed, &s, &e) && e.class == ERR_CONFIG, "outside of a configuration it does not open");
}

static bool opens(arena *a, const struct seal_key *key, struct secret_place *place, struct err *e)
{
    str s;
    return secret_get_at(a, secret_seal(a, key, place->name, S("pw\nline")), place, &s, e) && str_eq(s, S("pw"));
}

static void keys(arena *a)
{
    struct err e;
    struct seal_key key, second;
    struct seal_keys found;
    struct secret_place place = {.name = S("x.imap.secret"), .config = str_c(path_of(a, "mailpipe.conf"))};
    setenv("HOME", folder, 1);
    unsetenv("XDG_CONFIG_HOME");
    ok(seal_keys_find(a, &place, &found, &e) && !found.n && str_eq(found.file, str_c(path_of(a, "seal.key"))), "the key that should be made is beside the configuration");
    str text = seal_key_new(a, &key);
    seal_key_new(a, &second);
    ok(!opens(a, &key, &place, &e) && e.class == ERR_LOGIN && strstr(e.text, "no key"), "without a key: %s", e.text);
    file_replace(path_of(a, "seal.key"), text, 0600, &e);
    ok(opens(a, &key, &place, &e), "seal.key beside the configuration");
    ok(!opens(a, &second, &place, &e) && strstr(e.text, "another key"), "a wrong key: %s", e.text);
    file_replace(path_of(a, "seal.key.new"), seal_key_new(a, &second), 0600, &e);
    ok(opens(a, &key, &place, &e) && opens(a, &second, &place, &e), "in a rotation both keys open");
    unlink(path_of(a, "seal.key.new"));
    chmod(path_of(a, "seal.key"), 0644);
    ok(!opens(a, &key, &place, &e) && e.class == ERR_LOGIN && strstr(e.text, "others can read"), "a key that others can read is refused");
    setenv("DATABASE_ENCRYPTION_KEY", str_z(a, str_trim(text)), 1);
    ok(opens(a, &key, &place, &e), "a variable comes before the file");
    ok(getenv("DATABASE_ENCRYPTION_KEY") != NULL, "and stays for the next secret");
    str seen;
    ok(secret_get(a, S("cmd:echo \"=$DATABASE_ENCRYPTION_KEY\""), &seen, &e) && str_eq(seen, S("=")), "but no command sees it");
    setenv("MAIL_KEY", "0000", 1);
    ok(!opens(a, &key, &place, &e) && strstr(e.text, "MAIL_KEY holds no key"), "short words are no key: %s", e.text);
    struct buf hex = buf_new(a, 65);
    for (int i = 0; i < 32; i++)
        buf_fmt(&hex, "%02X", key.octets[i]);
    setenv("MAIL_KEY", str_z(a, buf_str(&hex)), 1);
    ok(opens(a, &key, &place, &e), "a key in hexadecimal digits");
    setenv("MAIL_KEY", "correct horse battery", 1);
    place.key = S("env:MAIL_KEY");
    ok(seal_keys_find(a, &place, &found, &e) && opens(a, &found.key[0], &place, &e), "a passphrase, named by the configuration");
    place.key = S("cmd:echo correct horse battery");
    ok(opens(a, &found.key[0], &place, &e), "the same from a command");
    place.key = S("correct horse battery");
    ok(!opens(a, &found.key[0], &place, &e) && e.class == ERR_CONFIG, "a key never stands in the configuration");
}

int main(void)
{
    arena a = arena_new(1 << 28);
    if (!mkdtemp(folder))
        return 1;
    unsetenv("MAILPIPE_KEY");
    unsetenv("MAIL_KEY");
    unsetenv("DATABASE_ENCRYPTION_KEY");
    references(&a);
    netrc(&a);
    keyring(&a);
    sealing(&a);
    keys(&a);
    char *remove = str_z(&a, str_fmt(&a, "rm -rf %s", folder));
    ok(system(remove) == 0, "cleaned up");
    return done();
}
