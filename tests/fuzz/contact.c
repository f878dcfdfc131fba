/* Any octets have contacts within their limits; texts stay UTF-8. */
#include "contact/contact.h"

#include <assert.h>

static bool digits(str s)
{
    for (ptrdiff_t i = str_starts(s, S("+")); i < s.len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    return s.len > 0 && s.len <= CONTACT_DIGITS_MAX + 1;
}

static void find(arena *mem, str name, str text, const struct contact_patterns *patterns)
{
    struct contact c;
    contact_find(mem, &(struct contact_source){.name = name, .subject = name, .text = text}, patterns, &c);
    assert(c.n_phones <= CONTACT_PHONES && c.n_ids <= CONTACT_IDS && c.signature.len <= CONTACT_SIGNATURE);
    for (int i = 0; i < c.n_phones; i++)
        assert(digits(c.phone[i].number) && c.phone[i].text.len >= CONTACT_DIGITS_MIN && c.phone[i].kind.len);
    for (int i = 0; i < c.n_ids; i++)
        assert(c.id[i].name.len && c.id[i].value.len);
    if (utf8_valid(text) && utf8_valid(name))
        assert(utf8_valid(c.signature) && utf8_valid(c.company) && utf8_valid(c.name));
}

/* Compiled patterns are for the run, and are held in an arena, where a leak checker does not look. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void) { return 1; }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static arena run, mem;
    static const struct contact_patterns *defaults;
    struct err e = {0};
    if (!run.base) {
        run = arena_new((size_t)1 << 28);
        mem = arena_new((size_t)1 << 30);
        defaults = contact_patterns_read(&run, STR_NONE, STR_NONE, &e);
        assert(defaults);
    }
    arena_reset(&mem);
    str name, text = str_of((const char *)data, (ptrdiff_t)size);
    if (!str_cut(text, '\n', &name, &text))
        text = name;
    find(&mem, name, text, defaults);
    return 0;
}
