/* Private to lib/store: texts as the full-text index has them, and as queries must ask for them.
 *
 * The tokenizer is FTS5's unicode61 with remove_diacritics 2: it folds case and the accents of Latin letters, of both sides. What it
 * cannot do is done here, of both sides too: other accents go (charset_without_accents); Chinese, Japanese and Korean know no spaces, so each run of their characters becomes its pairs
 * (abcd: ab bc cd d; the last character stands alone so that every single one begins a word), and full-width letters become plain ones.
 * Everything here is a pure function: the index is made again from the blobs, or an entry taken out, only with the same texts. */
#ifndef STORE_FULLTEXT_H
#define STORE_FULLTEXT_H

#include "store/store.h"

/* Version of what is indexed: of these functions, and of the texts that parsing a blob gives them. In email.extraction;
 * gc makes the index again where a row has another one. */
enum { EXTRACTION = 2 };

/* A text as it is put into the index: a view of it where nothing had to change. */
str text_for_index(arena *a, str text);

/* Words of a query as one FTS5 string, quotes and a closing * included, that is found where the words stand one after the other.
 * prefix: the last word may go on. Empty where the text holds no word for sure ("--"): such a query finds nothing. */
str text_for_query(arena *a, str words, bool prefix);

/* The tokenizer of email_text. */
#define FULLTEXT_TOKENIZER      "unicode61"
#define FULLTEXT_TOKENIZER_ARGS "remove_diacritics", "2"

/* Columns of email_text, in its order. */
struct index_texts {
    str subject, from, to, cc, bcc, filename, body;
};
enum { INDEX_COLUMNS = 7 };
void index_texts_of(arena *a, const struct email *m, struct index_texts *out);
/* 64 bits over all columns, the same on every machine: in email.index_digest. */
int64_t index_digest(const struct index_texts *t);

#endif
