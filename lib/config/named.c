/* Sections other than accounts: [window office], [limit gmail]. */
#include "config/section.h"

#include <stdio.h>

void config_sections(arena *a, const struct config *c, str kind, struct strs *out)
{
    *out = (struct strs){0};
    for (ptrdiff_t i = 0; i < c->n; i++)
        if (str_eq(c->sections[i].kind, kind))
            strs_add(a, out, c->sections[i].name);
}

str config_section_get(const struct config *c, str kind, str name, str key)
{
    const struct config_entry *found = section_entry(section_find(c, kind, name), key);
    return found ? found->value : STR_NONE;
}

void config_section_list(arena *a, const struct config *c, str kind, str name, str key, struct strs *out)
{
    *out = (struct strs){0};
    str rest = config_section_get(c, kind, name, key), item;
    while (rest.len) {
        str_cut(rest, ',', &item, &rest);
        item = str_trim(item);
        if (item.len)
            strs_add(a, out, item);
    }
}

str config_section_place(arena *a, str kind, str name, str key)
{
    return str_fmt(a, "[%.*s%s%.*s].%.*s", STR_ARG(kind), name.len ? " " : "", STR_ARG(name), STR_ARG(key));
}

static bool is_known(str key, const char *const *keys, const char **near)
{
    *near = NULL;
    for (; *keys; keys++) {
        if (str_eq_nocase(key, str_c(*keys)))
            return true;
        if (!*near && key_is_near(key, str_c(*keys)))
            *near = *keys;
    }
    return false;
}

bool config_section_known(const struct config *c, str kind, const char *const *keys, struct err *e)
{
    for (ptrdiff_t i = 0; i < c->n; i++) {
        const struct config_section *s = &c->sections[i];
        for (ptrdiff_t k = 0; str_eq(s->kind, kind) && k < s->n; k++) {
            const char *near;
            if (is_known(s->entries[k].key, keys, &near))
                continue;
            char hint[80] = "";
            if (near)
                snprintf(hint, sizeof hint, "did you mean %s?", near);
            return err_set(e, ERR_CONFIG, "config.key", hint, "%.*s, line %d: [%.*s %.*s] has no setting \"%.*s\"", STR_ARG(c->path), s->entries[k].line,
                           STR_ARG(kind), STR_ARG(s->name), STR_ARG(s->entries[k].key));
        }
    }
    return true;
}

bool config_section_wrong(const struct config *c, str kind, str name, str key, struct err *e)
{
    const struct config_section *s = section_find(c, kind, name);
    const struct config_entry *entry = section_entry(s, key);
    struct err was = *e;
    return err_set(e, ERR_CONFIG, was.code, was.hint, "%.*s, line %d: [%.*s %.*s]: %s", STR_ARG(c->path), entry ? entry->line : s ? s->line : 0, STR_ARG(kind),
                   STR_ARG(name), was.text);
}
