#include "config/section.h"
#include "sys/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static bool needs_quotes(str value)
{
    if (!value.len || str_trim(value).len != value.len || value.ptr[0] == '"')
        return true;
    return str_find_byte(value, '#') >= 0 || str_find_byte(value, ';') >= 0;
}

static void put_value(struct buf *b, str value)
{
    if (!needs_quotes(value)) {
        buf_put(b, value);
        return;
    }
    buf_byte(b, '"');
    for (ptrdiff_t i = 0; i < value.len; i++) {
        if (value.ptr[i] == '"' || value.ptr[i] == '\\')
            buf_byte(b, '\\');
        buf_byte(b, value.ptr[i]);
    }
    buf_byte(b, '"');
}

/* An edit is: begin (the text up to an octet), whatever the caller puts, finish (the text from an octet on). */
static struct buf begin(arena *a, str text, ptrdiff_t until)
{
    struct buf b = buf_new(a, text.len + 256);
    buf_put(&b, str_first(text, until));
    return b;
}

static str finish(struct buf *b, str text, ptrdiff_t from)
{
    buf_put(b, str_skip(text, from));
    return buf_str(b);
}

static void put_line(struct buf *b, str key, str value)
{
    buf_put(b, key);
    buf_put(b, S(" = "));
    put_value(b, value);
    buf_byte(b, '\n');
}

str config_section_edit(arena *a, const struct config *c, str kind, str name, str key, str value)
{
    const struct config_section *s = section_find(c, kind, name);
    const struct config_entry *old = section_entry(s, key);
    if (!value.ptr) {
        if (!old)
            return c->text;
        struct buf b = begin(a, c->text, old->start);
        return finish(&b, c->text, old->end);
    }
    if (old) {
        struct buf b = begin(a, c->text, old->value_start);
        put_value(&b, value);
        str behind = str_skip(c->text, old->value_end);
        if (str_starts(behind, S("#")) || str_starts(behind, S(";")))
            buf_byte(&b, ' ');
        return finish(&b, c->text, old->value_end);
    }
    ptrdiff_t at = s ? s->body : c->text.len;
    struct buf b = begin(a, c->text, at);
    if (b.len && b.ptr[b.len - 1] != '\n')
        buf_byte(&b, '\n');
    if (!s) {
        if (b.len)
            buf_byte(&b, '\n');
        buf_fmt(&b, "[%.*s%s%.*s]\n", STR_ARG(kind), name.len ? " " : "", STR_ARG(name));
    }
    put_line(&b, key, value);
    return finish(&b, c->text, at);
}

str config_edit(arena *a, const struct config *c, str account, str key, str value)
{
    return config_section_edit(a, c, S("account"), account, key, value);
}

str config_remove_account(arena *a, const struct config *c, str account)
{
    const struct config_section *s = section_find(c, S("account"), account);
    if (!s)
        return c->text;
    /* Comments behind its last setting belong to what follows. */
    ptrdiff_t end = s->body;
    while (end < s->end && (c->text.ptr[end] == '\n' || c->text.ptr[end] == '\r'))
        end++;
    struct buf b = begin(a, c->text, s->start);
    return finish(&b, c->text, end);
}

bool config_save(const struct config *c, str text, struct err *e)
{
    char path[4096];
    snprintf(path, sizeof path, "%.*s", STR_ARG(c->path));
    struct stat st;
    /* Where it is a link into somebody's repository, the file there is what changes. */
    char *file = lstat(path, &st) == 0 && S_ISLNK(st.st_mode) ? realpath(path, NULL) : NULL;
    if (file)
        snprintf(path, sizeof path, "%s", file);
    free(file);
    int mode = stat(path, &st) == 0 ? (int)(st.st_mode & 0777) : 0600;
    char *slash = strrchr(path, '/');
    if (slash && slash != path) {
        *slash = 0;
        if (!dir_make(path, e))
            return false;
        *slash = '/';
    }
    return file_replace(path, text, mode, e);
}
