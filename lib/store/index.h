/* Private to lib/store: the full-text index, as put and gc write it.
 *
 * email_text is a table of FTS5, and every search asks FTS5. Its contents are not inserted through it, which would be most of the work of
 * storing a message: lib/fts makes segments, and they are written into the tables behind email_text (email_text_data, _idx, _docsize) in the
 * transaction that writes the rows. FTS5 sees them as those of another process; merging is left to it, on a connection of its own,
 * because it remembers what it has read as long as no other connection wrote. */
#ifndef STORE_INDEX_H
#define STORE_INDEX_H

#include "fts/fts.h"
#include "store/db.h"
#include "store/fulltext.h"

/* ---- words: for one thread each ------------------------------------------------------------------------------- */

/* Cuts texts into words as FTS5's tokenizer does, which is asked where they are not all ASCII. s is needed for index_cutter_new only. */
struct index_cutter;
struct index_cutter *index_cutter_new(arena *a, struct store *s, struct err *e);
void index_cutter_free(struct index_cutter *c);
void index_cut(struct index_cutter *c, arena *a, const struct index_texts *texts, struct fts_words *out);

/* ---- the index: in a transaction of s ----------------------------------------------------------------------------- */

struct index_writer;
struct index_writer *index_writer_new(arena *a, struct store *s);
void index_writer_free(struct index_writer *w);
bool index_add(struct index_writer *w, int64_t id, const struct fts_words *words, struct err *e);
/* What was added goes to pages of the database: before each commit. */
bool index_flush(struct index_writer *w, struct err *e);
/* After ROLLBACK: what was added is gone. */
void index_forget(struct index_writer *w);
/* After a commit, where many segments lie there: some of the merging that is due. Where another program writes, it waits for the next
 * time. */
bool index_merge(struct index_writer *w, struct err *e);
/* The index is empty then. */
bool index_clear(struct store *s, struct err *e);

#endif
