/* Values that are more than a text or a number, to and from JSON. Readers return false where the form is wrong. */
#ifndef RECORD_VALUES_H
#define RECORD_VALUES_H

#include "record/record.h"

/* STR_NONE where the node is missing or null; false where it is neither that nor a string. */
bool value_text(arena *a, const struct jnode *node, str *out);
bool value_is_digest(str s);

bool value_read_defects(arena *a, const struct jnode *node, struct defect **out, ptrdiff_t *n);
bool value_read_headers(arena *a, const struct jnode *node, struct header_field **out, ptrdiff_t *n);
bool value_read_source(arena *a, const struct jnode *node, struct source *out);
bool value_read_envelope(arena *a, const struct jnode *node, struct envelope *out);
bool value_read_numbers(arena *a, const struct jnode *node, int64_t **out, ptrdiff_t *n);

void value_write_time(struct jwrite *w, int64_t seconds);
void value_write_zoned(struct jwrite *w, int64_t seconds, int zone);
void value_write_strs(struct jwrite *w, const struct strs *list);
void value_write_addresses(struct jwrite *w, const struct addresses *list);
void value_write_attachments(struct jwrite *w, const struct attachment *list, ptrdiff_t n);
void value_write_defects(struct jwrite *w, const struct defect *list, ptrdiff_t n);
void value_write_headers(struct jwrite *w, const struct header_field *list, ptrdiff_t n);
void value_write_source(struct jwrite *w, const struct source *s);
void value_write_envelope(struct jwrite *w, const struct envelope *v);
void value_write_numbers(struct jwrite *w, const int64_t *list, ptrdiff_t n);

#endif
