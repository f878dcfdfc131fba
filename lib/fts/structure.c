/* Records that tell of the whole index.
 *
 * Structure: four octets (FTS5 sees by them that its settings changed), then integers: levels, segments, a counter of written leaves; of
 * each level: how many of its first segments are being merged, how many it has; of each of these: number, first and last page. */
#include "fts/fts.h"
#include "fts/varint.h"

enum { COOKIE_OCTETS = 4, LEVELS_MAX = 64 };

struct reader {
    str rest;
    bool failed;
};

static uint64_t take(struct reader *r, uint64_t most)
{
    uint64_t n = 0;
    if (!varint_take(&r->rest, &n) || n > most)
        r->failed = true;
    return r->failed ? 0 : n;
}

static void put(struct buf *to, uint64_t n)
{
    unsigned char octets[VARINT_MAX];
    buf_put(to, str_of((const char *)octets, varint_put(octets, n)));
}

/* One level from the record to the new one. grows: one segment more will stand behind it. */
static void copy_level(struct reader *r, struct buf *to, bool *used, bool grows, struct fts_shape *shape)
{
    uint64_t merging = take(r, FTS_SEGMENTS_MAX), n = take(r, FTS_SEGMENTS_MAX);
    put(to, merging);
    put(to, n + grows);
    shape->merging |= merging > 0;
    if ((int)n + grows > shape->crowd)
        shape->crowd = (int)n + grows;
    for (uint64_t i = 0; i < n && !r->failed; i++) {
        uint64_t segment = take(r, FTS_SEGMENTS_MAX);
        used[segment] = true;
        put(to, segment);
        put(to, take(r, INT32_MAX));
        put(to, take(r, INT32_MAX));
    }
}

bool fts_structure_add(arena *a, str record, int64_t pages, str *out, int64_t *segment, struct fts_shape *shape)
{
    bool used[FTS_SEGMENTS_MAX + 1] = {true};
    struct reader r = {.rest = record};
    if (record.len < COOKIE_OCTETS)
        return false;
    r.rest = str_skip(record, COOKIE_OCTETS);
    uint64_t levels = take(&r, LEVELS_MAX), segments = take(&r, FTS_SEGMENTS_MAX - 1), counter = take(&r, UINT64_MAX);
    *shape = (struct fts_shape){.levels = levels ? (int)levels : 1};
    struct buf first = buf_new(a, 256), others = buf_new(a, 256), b = buf_new(a, record.len + 64);
    if (levels == 0) {
        put(&first, 0);
        put(&first, 1);
        shape->crowd = 1;
    }
    for (uint64_t i = 0; i < levels && !r.failed; i++)
        copy_level(&r, i ? &others : &first, used, i == 0, shape);
    if (r.failed || r.rest.len)
        return false;
    *segment = 0;
    while (used[*segment])
        ++*segment;
    buf_put(&b, str_first(record, COOKIE_OCTETS));
    put(&b, levels ? levels : 1);
    put(&b, segments + 1);
    put(&b, counter);
    buf_put(&b, buf_str(&first));
    put(&b, (uint64_t)*segment);
    put(&b, 1);
    put(&b, (uint64_t)pages);
    buf_put(&b, buf_str(&others));
    *out = buf_str(&b);
    return true;
}

bool fts_averages_add(arena *a, str record, int64_t rows, const int64_t *tokens, int columns, str *out)
{
    bool empty = record.len == 0;
    struct reader r = {.rest = record};
    struct buf b = buf_new(a, record.len + 64);
    put(&b, (empty ? 0 : take(&r, INT64_MAX)) + (uint64_t)rows);
    for (int i = 0; i < columns; i++)
        put(&b, (empty ? 0 : take(&r, INT64_MAX)) + (uint64_t)tokens[i]);
    *out = buf_str(&b);
    return !r.failed && r.rest.len == 0;
}

str fts_structure_empty(arena *a, str record)
{
    struct buf b = buf_new(a, 16);
    buf_put(&b, record.len < COOKIE_OCTETS ? str_of("\0\0\0", COOKIE_OCTETS) : str_first(record, COOKIE_OCTETS));
    for (int i = 0; i < 3; i++)
        put(&b, 0);
    return buf_str(&b);
}

int fts_sizes(unsigned char to[FTS_SIZES_MAX], const struct fts_words *words, int columns)
{
    int n = 0;
    for (int i = 0; i < columns; i++)
        n += varint_put(to + n, words->tokens[i]);
    return n;
}
