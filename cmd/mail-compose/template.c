#include "mail-compose/compose-parts.h"

#include "header/header.h"

#include <stdio.h>
#include <time.h>

enum { DATA_MAX = 16 << 20 /* octets of --data */ };

/* ---- files ------------------------------------------------------------------------------------------------ */

str compose_template_folder(arena *a, const struct config *c, const char *dir)
{
    ptrdiff_t slash = c->path.len;
    if (dir)
        return str_copy(a, str_c(dir));
    while (slash > 0 && c->path.ptr[slash - 1] != '/')
        slash--;
    return str_fmt(a, "%.*stemplates", STR_ARG(str_first(c->path, slash)));
}

/* A name never leads out of the folder. */
static bool name_is_good(str name)
{
    return name.len > 0 && name.len < 256 && name.ptr[0] != '.' && str_find_byte(name, '/') < 0 && str_find_byte(name, 0) < 0;
}

static bool read_template(arena *a, str folder, str name, struct template_file *out, struct err *e)
{
    char *path = str_z(a, str_fmt(a, "%.*s/%.*s", STR_ARG(folder), STR_ARG(name)));
    str text;
    if (!name_is_good(name))
        return err_set(e, ERR_USAGE, "template.name", NULL, "\"%.*s\" is no name of a template", STR_ARG(name));
    if (!file_read(a, path, TEMPLATE_FILE, &text, e)) {
        if (e->class == ERR_MISSING)
            err_set(e, ERR_MISSING, "template.none", "see mail-compose templates", "there is no template %.*s in %.*s", STR_ARG(name),
                    STR_ARG(folder));
        return false;
    }
    return template_file_read(a, text, str_c(path), name, out, e);
}

/* Where {{> name}} is looked for. */
struct other_templates {
    str folder;
    bool html;
};

static bool find_part(void *with, arena *a, str name, struct template_source *out, struct err *e)
{
    const struct other_templates *o = with;
    struct template_file f;
    if (!read_template(a, o->folder, name, &f, e))
        return false;
    *out = o->html ? f.html : f.text;
    return out->text.ptr || err_set(e, ERR_CONFIG, "template.part", NULL, "the template %.*s has no %s part for {{> %.*s}}", STR_ARG(name),
                                    o->html ? "html" : "text", STR_ARG(name));
}

/* True and *out NULL where the file has no such part. */
static bool parse_part(arena *a, str folder, bool html, const struct template_source *source, const struct template **out, struct err *e)
{
    struct other_templates others = {folder, html};
    struct template_partials partials = {find_part, &others};
    *out = source->text.ptr ? template_parse(a, source, &partials, e) : NULL;
    return *out || !source->text.ptr;
}

bool compose_template_load(arena *a, str folder, str name, str account, struct compose_template *out, struct err *e)
{
    struct template_file *f = &out->file;
    if (!read_template(a, folder, name, f, e))
        return false;
    if (account.ptr && f->accounts.n && !strs_have(&f->accounts, account))
        return err_set(e, ERR_USAGE, "template.account", "see Account in the template", "the template %.*s is not for account %.*s",
                       STR_ARG(name), STR_ARG(account));
    return parse_part(a, folder, false, &f->subject, &out->subject, e) && parse_part(a, folder, false, &f->text, &out->text, e) &&
           parse_part(a, folder, true, &f->html, &out->html, e);
}

/* ---- values ------------------------------------------------------------------------------------------------ */

bool compose_data_read(arena *a, const char *path, str *data, struct err *e)
{
    struct json_fault fault;
    if (!file_read(a, path, DATA_MAX, data, e))
        return false;
    const struct jnode *root = jread(a, *data, &fault);
    if (!root)
        return err_set(e, ERR_INPUT, "template.data", NULL, "%s is no JSON: octet %lld: %s", path, (long long)fault.offset + 1, fault.what);
    return jread_is(root, JSON_OBJECT) || err_set(e, ERR_INPUT, "template.data", NULL, "%s holds no JSON object", path);
}

static void put_setting(struct jwrite *w, str key, str value)
{
    if (!value.len)
        return;
    jwrite_key(w, key);
    jwrite_string(w, value);
}

static void put_account(struct jwrite *w, const struct compose_values *v)
{
    str email = config_get(v->config, v->account, S("email")), display = config_get(v->config, v->account, S("displayName"));
    jwrite_key(w, S("account"));
    jwrite_object(w);
    put_setting(w, S("name"), v->account);
    put_setting(w, S("email"), email);
    put_setting(w, S("displayName"), display.len ? display : email);
    put_setting(w, S("department"), config_get(v->config, v->account, S("department")));
    jwrite_end_object(w);
}

static void put_date(struct jwrite *w)
{
    char day[32] = "";
    time_t now = (time_t)now_s();
    struct tm tm;
    if (localtime_r(&now, &tm))
        strftime(day, sizeof day, "%Y-%m-%d", &tm);
    jwrite_key(w, S("date"));
    jwrite_string(w, str_c(day));
}

static str email_json(arena *a, const struct email *m)
{
    struct buf b = buf_new(a, 4096), base = buf_new(a, 256);
    struct base_subject subject;
    struct jwrite w = {.to = &base};
    record_write_email(&b, m);
    if (!m->subject.ptr)
        return str_trim(buf_str(&b));
    header_base_subject(a, m->subject, SUBJECT_WIDE, &subject);
    jwrite_object(&w);
    jwrite_key(&w, S("baseSubject"));
    jwrite_string(&w, subject.text.ptr ? subject.text : S(""));
    jwrite_end_object(&w);
    return template_merge(a, buf_str(&base), str_trim(buf_str(&b)));
}

static str built_in(arena *a, const struct compose_values *v)
{
    struct buf b = buf_new(a, 8192);
    struct jwrite w = {.to = &b};
    jwrite_object(&w);
    if (v->replied) {
        jwrite_key(&w, S("email"));
        jwrite_raw(&w, email_json(a, v->replied));
    }
    if (v->account.len)
        put_account(&w, v);
    put_date(&w);
    jwrite_end_object(&w);
    return buf_str(&b);
}

static const struct jnode *all_values(arena *a, const struct template_file *f, const struct compose_values *v, struct err *e)
{
    struct json_fault fault;
    str one, all = template_merge(a, template_merge(a, template_file_defaults(a, f), built_in(a, v)), v->data);
    for (ptrdiff_t i = 0; i < v->sets.n; i++) {
        if (!template_set(a, v->sets.item[i], &one, e))
            return NULL;
        all = template_merge(a, all, one);
    }
    const struct jnode *root = jread(a, all, &fault);
    if (!root)
        err_set(e, ERR_INPUT, "template.data", NULL, "the values for the template %.*s: %s", STR_ARG(f->name), fault.what);
    return root;
}

static bool render(arena *a, const struct template *t, const struct jnode *values, unsigned flags, str *out, struct err *e)
{
    struct buf b = buf_new(a, 4096);
    *out = STR_NONE;
    if (!t)
        return true;
    if (!template_render(a, t, values, flags, &b, e))
        return false;
    *out = buf_str(&b);
    return true;
}

bool compose_render(arena *a, const struct compose_template *t, const struct compose_values *v, struct compose_rendered *out,
                    struct err *e)
{
    const struct jnode *values = all_values(a, &t->file, v, e);
    if (!values || !render(a, t->subject, values, TEMPLATE_LINE, &out->subject, e) || !render(a, t->text, values, 0, &out->text, e) ||
        !render(a, t->html, values, TEMPLATE_HTML, &out->html, e))
        return false;
    out->subject = str_trim(out->subject);
    return true;
}
