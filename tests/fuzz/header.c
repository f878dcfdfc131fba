#include "header/header.h"

#include <assert.h>
#include <stdlib.h>

static arena mem, run;
static struct charsets *sets;

static void release(void) { charsets_free(sets); }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_field(str body)
{
    struct header_addresses list = {0};
    struct strs ids = {0};
    struct header_value value;
    struct base_subject subject;
    header_addresses(&mem, sets, body, &list, NULL);
    for (ptrdiff_t i = 0; i < list.n; i++)
        assert(utf8_valid(list.item[i].name) && utf8_valid(list.item[i].email));
    header_ids(&mem, body, &ids);
    header_message_id(&mem, body);
    header_content_type(&mem, sets, body, &value, NULL);
    assert(utf8_valid(value.value));
    header_disposition(&mem, sets, body, &value, NULL);
    header_transfer_encoding(body);
    header_received_date(body, NULL, NULL);
    str text = header_text(&mem, sets, body, NULL);
    assert(utf8_valid(text));
    header_base_subject(&mem, text, SUBJECT_RFC5256, &subject);
    header_base_subject(&mem, text, SUBJECT_WIDE, &subject);
    assert(utf8_valid(subject.text) && subject.text.len <= text.len);
}

/* Every field is read as each kind of field; a header that is taken early is the one that is taken late. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!sets) {
        mem = arena_new((size_t)1 << 30);
        run = arena_new((size_t)1 << 30);
        sets = charsets_new(&run);
        atexit(release);
    }
    str text = str_of((const char *)data, (ptrdiff_t)size);
    struct header h, early;
    struct header_list list;
    bool whole = header_parse(&mem, text, true, &h);
    assert(whole && h.length <= text.len);
    for (ptrdiff_t n = 0; n < text.len; n += 1 + n / 4)
        if (header_parse(&mem, str_first(text, n), false, &early))
            assert(early.n == h.n && early.length == h.length);
    for (ptrdiff_t i = 0; i < h.n && i < 50; i++)
        check_field(h.field[i].body);
    check_field(text);
    header_importance(&h);
    header_auto_submitted(&h);
    header_list(&mem, &h, &list);
    arena_reset(&mem);
    return 0;
}
