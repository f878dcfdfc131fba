/* Any octets are a template file or have a fault; what parses renders within its limits, as valid UTF-8, and in a subject as one line. */
#include "template/template.h"

#include <assert.h>

static const char values[] = "{\"a\":{\"b\":[1,{\"c\":\"<\\r\\n\\u00e9>\"},[]],\"a\":null},\"b\":[[1],[2,3]],\"c\":true,\"d\":\"&\",\"e\":1.5,"
                             "\"email\":{\"from\":[{\"name\":\"Ann\",\"email\":\"ann@example.com\"}],\"subject\":\"Hi\"}}";

static bool find(void *with, arena *a, str name, struct template_source *out, struct err *e)
{
    (void)a, (void)e;
    *out = *(const struct template_source *)with;
    out->name = name;
    return name.len < 3;
}

static void render(arena *mem, const struct template_file *f, const struct template_source *source, unsigned flags)
{
    struct json_fault fault;
    struct err e = {0};
    struct strs builtin = {0};
    struct template_source whole = f->text.text.ptr ? f->text : f->html;
    struct template_partials partials = {find, &whole};
    const struct template *t = template_parse(mem, source, &partials, &e);
    if (!t) {
        assert(e.class == ERR_CONFIG && e.text[0]);
        return;
    }
    template_file_unknown(mem, f, t, &builtin);
    str data = template_merge(mem, template_file_defaults(mem, f), str_c(values));
    const struct jnode *root = jread(mem, data, &fault);
    assert(root);
    struct buf out = buf_new(mem, 256);
    bool made = template_render(mem, t, root, flags, &out, &e);
    assert(made || (e.class == ERR_INPUT && e.text[0]));
    assert(!(flags & TEMPLATE_LENIENT) || made || !strcmp(e.code, "template.list") || !strcmp(e.code, "template.object") ||
           !strcmp(e.code, "template.large") || !strcmp(e.code, "template.deep"));
    assert(utf8_valid(buf_str(&out)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static arena mem;
    if (!mem.base)
        mem = arena_new((size_t)1 << 34);
    arena_reset(&mem);
    struct template_file f;
    struct err e = {0};
    str text = str_of((const char *)data, (ptrdiff_t)size);
    if (!template_file_read(&mem, text, S("templates/x"), S("x"), &f, &e)) {
        assert(e.class == ERR_CONFIG && e.text[0]);
        return 0;
    }
    if (f.subject.text.ptr)
        render(&mem, &f, &f.subject, TEMPLATE_LINE);
    if (f.text.text.ptr)
        render(&mem, &f, &f.text, 0);
    if (f.html.text.ptr)
        render(&mem, &f, &f.html, TEMPLATE_HTML | TEMPLATE_LENIENT);
    return 0;
}
