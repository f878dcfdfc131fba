#include "date/date.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What any parser takes must survive being written as RFC 3339 and read again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static arena mem;
    if (!mem.base)
        mem = arena_new(1 << 24);
    bool (*const parsers[])(str, int64_t *, int *) = {date_parse_5322, date_parse_asctime, date_parse_internal, date_parse_3339};
    str text = str_of((const char *)data, (ptrdiff_t)size);
    for (size_t i = 0; i < sizeof parsers / sizeof *parsers; i++) {
        int64_t seconds, again;
        int zone;
        if (!parsers[i](text, &seconds, &zone))
            continue;
        struct buf b = buf_new(&mem, 64);
        date_put_utc(&b, seconds);
        assert(date_parse_3339(buf_str(&b), &again, NULL) && again == seconds);
    }
    int64_t day;
    date_local_day(text, &day);
    arena_reset(&mem);
    return 0;
}
