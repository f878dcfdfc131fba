/* Any octets are a configuration or have a fault in a line; an edit changes its setting and no other. */
#include "config/config.h"

#include <assert.h>

/* The first line is the value to set, what follows the file. */
static bool fits(str value) { return utf8_valid(value) && str_find_byte(value, '\0') < 0; }

static void same_but(arena *a, const struct config *was, const struct config *is, str kind, str name, str key)
{
    struct config_item old;
    (void)a;
    for (ptrdiff_t i = 0; config_item(was, i, &old); i++) {
        bool edited = str_eq(old.kind, kind) && str_eq(old.name, name) && str_eq_nocase(old.key, key);
        if (old.key.ptr && !edited)
            assert(str_eq(config_section_get(is, old.kind, old.name, old.key), old.value));
    }
}

static void edit(arena *a, const struct config *c, str kind, str name, str key, str value)
{
    struct err e;
    struct config after = *c;
    after.text = config_section_edit(a, c, kind, name, key, value);
    bool read = config_reparse(a, &after, &e);
    assert(read);
    str found = config_section_get(&after, kind, name, key);
    assert(value.ptr ? found.ptr && str_eq(found, value) : !found.ptr);
    same_but(a, c, &after, kind, name, key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static arena mem;
    if (!mem.base)
        mem = arena_new((size_t)64 << 20);
    arena_reset(&mem);
    str value, text;
    struct err e = {0};
    str_cut(str_of((const char *)data, (ptrdiff_t)size), '\n', &value, &text);
    struct config c = {.path = S("c"), .text = text};
    if (!config_reparse(&mem, &c, &e)) {
        assert(e.class == ERR_CONFIG && strstr(e.text, "line "));
        return 0;
    }
    if (!fits(value))
        return 0;
    value = value.ptr ? value : S("");
    edit(&mem, &c, S("account"), S("new"), S("email"), value);
    edit(&mem, &c, S("defaults"), STR_NONE, S("email"), value);
    struct config_item it;
    for (ptrdiff_t i = 0; i < 8 && config_item(&c, i, &it); i++) {
        if (it.key.ptr) {
            edit(&mem, &c, it.kind, it.name, it.key, value);
            edit(&mem, &c, it.kind, it.name, it.key, STR_NONE);
        } else {
            edit(&mem, &c, it.kind, it.name, S("x.new"), value);
        }
    }
    return 0;
}
