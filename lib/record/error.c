#include "record/read.h"
#include "record/values.h"

static const struct {
    enum err_class class;
    str name;
} classes[] = {
    {ERR_PARTIAL, S("partial")}, {ERR_USAGE, S("usage")}, {ERR_INPUT, S("input")}, {ERR_MISSING, S("missing")},
    {ERR_REFUSED, S("refused")}, {ERR_BUG, S("bug")},     {ERR_IO, S("io")},       {ERR_LATER, S("later")},
    {ERR_LOGIN, S("login")},     {ERR_CONFIG, S("config")},
};

static str class_name(enum err_class class)
{
    for (ptrdiff_t i = 0; i < COUNT_OF(classes); i++)
        if (classes[i].class == class)
            return classes[i].name;
    return STR_NONE;
}

static bool class_named(str name, enum err_class *out)
{
    for (ptrdiff_t i = 0; i < COUNT_OF(classes); i++)
        if (str_eq(classes[i].name, name)) {
            *out = classes[i].class;
            return true;
        }
    return false;
}

bool error_read(const struct reading *r, const struct jnode *root, struct err *out)
{
    str code, stage, message, server, hint;
    enum err_class class;
    if (!class_named(jread_string(r->mem, jread_member(root, S("class"))), &class))
        return reading_fault(r, "mail-records(7) lists them", "class must be one of the classes of errors");
    if (!value_text(r->mem, jread_member(root, S("code")), &code) ||
        !value_text(r->mem, jread_member(root, S("stage")), &stage) ||
        !value_text(r->mem, jread_member(root, S("message")), &message) ||
        !value_text(r->mem, jread_member(root, S("server")), &server) ||
        !value_text(r->mem, jread_member(root, S("hint")), &hint))
        return reading_fault(r, NULL, "code, stage, message, server and hint must be strings");
    err_set(out, class, str_z(r->mem, code), str_z(r->mem, hint), "%.*s", STR_ARG(message));
    err_stage(out, str_z(r->mem, stage));
    err_server(out, server);
    return true;
}

static void text_or_null(struct jwrite *w, str key, const char *z)
{
    jwrite_key(w, key);
    jwrite_string(w, z && *z ? str_c(z) : STR_NONE);
}

void record_write_error(struct buf *to, const char *program, const struct err *e, str object)
{
    struct jwrite w = {to, true};
    buf_put(to, S("{\"type\":\"error\",\"v\":1"));
    text_or_null(&w, S("program"), program);
    jwrite_key(&w, S("class"));
    jwrite_string(&w, class_name(e->class));
    text_or_null(&w, S("code"), e->code);
    text_or_null(&w, S("stage"), e->stage);
    text_or_null(&w, S("message"), e->text);
    text_or_null(&w, S("server"), e->server);
    text_or_null(&w, S("hint"), e->hint);
    jwrite_key(&w, S("retryable"));
    jwrite_bool(&w, err_retryable(e));
    jwrite_key(&w, S("object"));
    jwrite_object(&w);
    if (object.len)
        jwrite_raw(&w, object);
    jwrite_end_object(&w);
    buf_put(to, S("}\n"));
}
