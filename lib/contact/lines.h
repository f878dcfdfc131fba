/* Private to lib/contact: a text as lines, and what its files do for each other. */
#ifndef CONTACT_LINES_H
#define CONTACT_LINES_H

#include "contact/contact.h"

/* Letters and digits; whatever is not ASCII counts as a letter. */
static inline bool contact_is_digit(char c) { return c >= '0' && c <= '9'; }
static inline bool contact_is_word(char c)
{
    return contact_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || ((unsigned char)c & 0x80);
}

/* What the writer of a message wrote: without quoted lines, and without what stands behind the message that it answers. */
struct own_lines {
    str *line; /* without line ends */
    int n;
};
struct own_lines contact_own_lines(arena *a, str text);

/* The lines of the signature: [*from, *to) of own; false: there is none. */
bool contact_signature(const struct own_lines *own, str name, int *from, int *to);
/* "Best regards," and the like. */
bool contact_is_greeting(str line);
/* A person's name, by its form: two to four words that begin with a capital letter. */
bool contact_is_name(str line);
/* By its legal form: "Orchard Ltd" of "Mia Torres, Orchard Ltd"; STR_NONE: no company is named. */
str contact_company(str line);

/* signed_by: a line of the signature, where a number needs less to be one. */
void contact_find_phones(arena *a, str line, bool signed_by, struct contact *out);
bool contact_has_phone(str line);

void contact_find_ids(arena *a, str line, const struct contact_patterns *patterns, struct contact *out);

#endif
