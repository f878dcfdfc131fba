/* netrc:MACHINE[/LOGIN]: words and their values, as ftp(1) and curl read them. */
#include "secret/private.h"

#include <stdlib.h>

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/* The next word of *rest, without the quotes of "a b" (\ escapes in them); '#' between words begins a comment. False at the end. */
static bool next_word(arena *a, str *rest, str *word)
{
    ptrdiff_t i = 0;
    str s = *rest;
    while (i < s.len && (is_space(s.ptr[i]) || s.ptr[i] == '#'))
        if (s.ptr[i++] == '#')
            while (i < s.len && s.ptr[i] != '\n')
                i++;
    struct buf b = buf_new(a, 64);
    bool quoted = i < s.len && s.ptr[i] == '"', any = i < s.len;
    for (i += quoted; i < s.len && (quoted ? s.ptr[i] != '"' : !is_space(s.ptr[i])); i++) {
        if (quoted && s.ptr[i] == '\\' && i + 1 < s.len)
            i++;
        buf_byte(&b, s.ptr[i]);
    }
    *rest = str_skip(s, i + quoted);
    *word = buf_str(&b);
    return any;
}

/* A macro ends at an empty line. */
static str behind_macro(str rest)
{
    ptrdiff_t end = str_find(rest, S("\n\n"));
    return end < 0 ? STR_NONE : str_skip(rest, end + 2);
}

struct entry {
    bool machine, login; /* whether they are the ones that are wanted */
    str password;
};

static bool fits(const struct entry *it) { return it->machine && it->login && it->password.ptr; }

/* The password of the first entry that fits; STR_NONE where none does. */
static str find(arena *a, str text, str machine, str login)
{
    struct entry it = {0};
    str word, value;
    while (next_word(a, &text, &word)) {
        bool begins = str_eq(word, S("machine")) || str_eq(word, S("default"));
        if (begins && fits(&it))
            break;
        if (str_eq(word, S("default"))) {
            it = (struct entry){.machine = true, .login = !login.len};
        } else if (str_eq(word, S("macdef"))) {
            text = behind_macro(text);
        } else if (next_word(a, &text, &value)) {
            if (begins)
                it = (struct entry){.machine = str_eq_nocase(value, machine), .login = !login.len};
            else if (str_eq(word, S("login")) && login.len)
                it.login = str_eq(value, login);
            else if (str_eq(word, S("password")))
                it.password = value;
        }
    }
    return fits(&it) ? it.password : STR_NONE;
}

bool from_netrc(arena *a, str reference, str *out, struct err *e)
{
    str machine, login, text;
    str_cut(str_skip(reference, 6), '/', &machine, &login);
    const char *given = getenv("NETRC"), *home = getenv("HOME");
    str path = given && given[0] ? str_c(given) : str_fmt(a, "%s/.netrc", home ? home : "");
    if (!secret_file(a, str_z(a, path), path, &text, e))
        return false;
    *out = find(a, text, machine, login);
    secret_wipe(text);
    return out->ptr || err_set(e, ERR_LOGIN, "secret.netrc", "add: machine NAME login USER password SECRET", "%.*s has no password for %.*s",
                               STR_ARG(path), STR_ARG(str_skip(reference, 6)));
}
