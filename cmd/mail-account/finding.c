#include "mail-account/finding.h"

#include <stdarg.h>

void finding(struct findings *f, int line, const char *hint, const char *format, ...)
{
    arena *a = f->r->mem;
    va_list args;
    va_start(args, format);
    str text = str_vfmt(a, format, args);
    va_end(args);
    f->n++;
    out_put(f->r->out, f->r->config.path);
    if (line)
        out_fmt(f->r->out, ":%d", line);
    out_fmt(f->r->out, ": %.*s%s%s\n", STR_ARG(text), hint && *hint ? "; " : "", hint ? hint : "");
}

str finding_section(const struct findings *f, const struct config_item *it)
{
    return str_fmt(f->r->mem, "[%.*s%s%.*s]", STR_ARG(it->kind), it->name.len ? " " : "", STR_ARG(it->name));
}

str finding_value(const struct findings *f, const struct config_item *section, const char *key, int *line)
{
    struct config_item it;
    str value = STR_NONE;
    *line = 0;
    for (ptrdiff_t i = 0; config_item(&f->r->config, i, &it); i++) {
        bool own = str_eq(it.kind, section->kind) && str_eq(it.name, section->name);
        bool fits = own || (!*line && str_eq(it.kind, S("defaults")));
        if (!fits || !str_eq_nocase(it.key, str_c(key)))
            continue;
        value = it.value;
        *line = it.line;
        if (own)
            break;
    }
    return value;
}
