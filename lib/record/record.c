#include "record/read.h"

#include <stdio.h>

bool reading_fault(const struct reading *r, const char *hint, const char *format, ...)
{
    va_list args;
    char text[256];
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!r->number)
        return err_set(r->err, ERR_INPUT, "record.form", hint, "%s: %s", r->what, text);
    return err_set(r->err, ERR_INPUT, "record.form", hint, "%s: line %lld: %s", r->what, (long long)r->number, text);
}

static bool version_is_known(const struct reading *r, const struct record *record)
{
    const struct jnode *v = jread_member(record->root, S("v"));
    int64_t number = 1;
    if (v && !jread_i64(v, 1, INT64_MAX, &number))
        return reading_fault(r, "this program writes 1", "v must be an integer from 1 on");
    if (number == 1)
        return true;
    return reading_fault(r, "a newer program wrote it; use programs of one version in a pipe",
                         "%.*s record of version %lld, which is unknown", STR_ARG(record->type_name), (long long)number);
}

static bool read_root(const struct reading *r, str line, struct record *out)
{
    struct json_fault fault;
    out->root = jread(r->mem, line, &fault);
    if (!out->root)
        return reading_fault(r, "a record is one JSON object on one line", "%s at octet %lld", fault.what,
                             (long long)fault.offset + 1);
    if (out->root->type != JSON_OBJECT)
        return reading_fault(r, "a record is one JSON object on one line", "an object expected");
    out->type_name = jread_string(r->mem, jread_member(out->root, S("type")));
    if (!out->type_name.len)
        return reading_fault(r, "records look like {\"type\":\"email\",\"v\":1,…}", "the record has no type");
    return true;
}

static const struct {
    str name;
    enum record_type type;
} types_known[] = {
    {S("email"), RECORD_EMAIL}, {S("poll"), RECORD_POLL}, {S("error"), RECORD_ERROR},
    {S("submission"), RECORD_SUBMISSION}, {S("delivery"), RECORD_DELIVERY},
};

static enum record_type type_of(str name)
{
    for (ptrdiff_t i = 0; i < COUNT_OF(types_known); i++)
        if (str_eq(types_known[i].name, name))
            return types_known[i].type;
    return RECORD_OTHER;
}

bool record_read_keeping(arena *a, str line, const char *what, int64_t number, unsigned types, uint64_t kept, struct record *out,
                         struct err *e)
{
    struct reading r = {a, what, number, e};
    *out = (struct record){.line = line};
    if (!read_root(&r, line, out))
        return false;
    enum record_type type = type_of(out->type_name);
    if (type == RECORD_OTHER || !(types & RECORD_BIT(type)))
        return true;
    out->type = type;
    if (!version_is_known(&r, out))
        return false;
    switch (type) {
    case RECORD_EMAIL: return email_read(&r, out->root, kept, &out->email);
    case RECORD_POLL: return poll_read(&r, out->root, &out->poll);
    case RECORD_ERROR: return error_read(&r, out->root, &out->error);
    case RECORD_SUBMISSION: return submission_read(&r, out->root, &out->submission);
    case RECORD_DELIVERY: return delivery_read(&r, out->root, &out->delivery);
    case RECORD_OTHER: break;
    }
    return true;
}

bool record_read_types(arena *a, str line, const char *what, int64_t number, unsigned types, struct record *out, struct err *e)
{
    return record_read_keeping(a, line, what, number, types, 0, out, e);
}

bool record_read(arena *a, str line, const char *what, int64_t number, struct record *out, struct err *e)
{
    const unsigned received = RECORD_BIT(RECORD_EMAIL) | RECORD_BIT(RECORD_POLL) | RECORD_BIT(RECORD_ERROR);
    return record_read_types(a, line, what, number, received, out, e);
}
