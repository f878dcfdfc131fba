/* Private to lib/fts: terms and their doclists to the leaves of a segment. */
#ifndef FTS_SEGMENT_H
#define FTS_SEGMENT_H

#include "fts/fts.h"

struct segment;
struct segment *segment_begin(arena *a, const struct fts_sink *sink);
/* Terms ascend. False where the sink said so, as segment_end. */
bool segment_term(struct segment *s, str term, str doclist);
bool segment_end(struct segment *s, int64_t *pages);

#endif
