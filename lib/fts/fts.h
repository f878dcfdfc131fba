/* A full-text index in the making: the words of messages are gathered in memory, then written as one segment, in the form in which
 * SQLite's FTS5 keeps them (detail=full, no prefix index; described at the head of ext/fts5/fts5_index.c, readable by every SQLite from
 * 3.9 on). FTS5 itself visits a hash table at random once a word, and waits for memory most of that time; here the words of a message
 * are counted first, by any thread, and what will be visited is fetched ahead.
 *
 * Rows of FTS5's tables that come out of here: leaves of %_data, terms of %_idx, and the records of %_data that tell of the whole. */
#ifndef FTS_H
#define FTS_H

#include "str/str.h"

enum {
    FTS_COLUMNS = 16,       /* at most */
    FTS_TOKEN_MAX = 32768,  /* octets; of longer ones the beginning counts, as in FTS5 */
    FTS_SEGMENTS_MAX = 2000 /* of one index; FTS5 takes no more */
};

/* ---- the words of one message ---------------------------------------------------------------------------------- */

/* Words of one message, each once, with its positions as a poslist behind its size. */
struct fts_word {
    uint32_t hash;
    uint32_t at;      /* of its octets: the text, behind it the poslist */
    uint32_t len;     /* of the text */
    uint32_t poslist; /* octets of it and of its size */
};
struct fts_words {
    const struct fts_word *word;
    ptrdiff_t n;
    const char *octets;
    uint32_t tokens[FTS_COLUMNS]; /* how many each column has */
};

/* Counts the words of one message after the other; for one thread. */
struct fts_tally;
struct fts_tally *fts_tally_new(arena *a);
void fts_tally_free(struct fts_tally *t);
void fts_begin(struct fts_tally *t);
/* The tokens that follow are of this column: ascending, below FTS_COLUMNS. */
void fts_column(struct fts_tally *t, int column);
void fts_token(struct fts_tally *t, const char *text, ptrdiff_t len);
void fts_end(struct fts_tally *t, arena *a, struct fts_words *out);

enum { FTS_SIZES_MAX = 5 * FTS_COLUMNS };
/* The row of %_docsize: how many tokens each column has. Returns its octets. */
int fts_sizes(unsigned char to[FTS_SIZES_MAX], const struct fts_words *words, int columns);

/* ---- of many messages ------------------------------------------------------------------------------------------- */

struct fts_postings;
struct fts_postings *fts_postings_new(arena *a);
void fts_postings_free(struct fts_postings *p);
/* rowid: above those that were added before. */
void fts_postings_add(struct fts_postings *p, int64_t rowid, const struct fts_words *words);
/* Memory that they take, in octets: 0 where there are none. */
ptrdiff_t fts_postings_octets(const struct fts_postings *p);
/* Whether they take more than `most`, or half of what a limit on addresses leaves: then it is time to write them. */
bool fts_postings_full(const struct fts_postings *p, ptrdiff_t most);
void fts_postings_clear(struct fts_postings *p);

/* Who takes the pages of a segment, ascending from 1. A function that returns false ends the writing. */
struct fts_sink {
    void *context;
    bool (*leaf)(void *context, int64_t page, str octets);
    /* The first term of a page is not below this one, and all before it are. */
    bool (*term)(void *context, int64_t page, str least);
};
/* All of them, in the order of their terms. *pages: how many leaves there are. */
bool fts_postings_write(struct fts_postings *p, const struct fts_sink *sink, int64_t *pages);

/* ---- the records of the whole ------------------------------------------------------------------------------------ */

/* The row of a leaf in %_data. */
static inline int64_t fts_leaf_row(int64_t segment, int64_t page) { return segment << 37 | page; }
enum { FTS_AVERAGES_ROW = 1, FTS_STRUCTURE_ROW = 10 };

/* How an index lies there: FTS5's merging takes several segments of a level for one of the next. */
struct fts_shape {
    int levels;
    int crowd; /* the segments of the level that has most */
    bool merging; /* a merging has begun and not ended */
};
/* The structure record with one more segment, the newest of level 0, of so many pages. *segment: its number, free until now. False where
 * the record has a form that is not known, as with fts_averages_add. */
bool fts_structure_add(arena *a, str record, int64_t pages, str *out, int64_t *segment, struct fts_shape *shape);
/* Without any segment. */
str fts_structure_empty(arena *a, str record);
/* The averages record with so many more rows, and their tokens by column. */
bool fts_averages_add(arena *a, str record, int64_t rows, const int64_t *tokens, int columns, str *out);

#endif
