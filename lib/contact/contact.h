/* Who writes, out of what they wrote: the signature block, name, company, telephone numbers; and ids by patterns.
 *
 * Made to be right rather than complete: what may be something else is left out. Total: any octets are a text. The time for a message
 * is bounded whatever stands in it: every limit below is one of octets looked at or of finds. */
#ifndef CONTACT_H
#define CONTACT_H

#include "err/err.h"

enum {
    CONTACT_TEXT = 64 << 10,    /* octets of a text that are looked at: what follows is not seen */
    CONTACT_LINES = 2000,       /* lines of it, likewise */
    CONTACT_SIGNATURE = 2000,   /* octets of a signature: cut */
    CONTACT_SIGNATURE_LINES = 12, /* lines behind "-- ": cut */
    CONTACT_BLOCK_LINES = 8,    /* lines of a signature without "-- ": a longer block is none */
    CONTACT_PHONES = 8,         /* numbers behind these are not kept */
    CONTACT_DIGITS_MIN = 7, CONTACT_DIGITS_MAX = 15, /* of a number (E.164) */
    CONTACT_IDS = 32,           /* ids behind these are not kept */
    CONTACT_ID_TEXT = 16 << 10, /* octets of a text in which ids are looked for */
    CONTACT_ID_LINE = 512,      /* octets of one line likewise: so an expression never sees a longer text */
    CONTACT_PATTERNS = 64,      /* patterns of a file: more are refused */
    CONTACT_PATTERN = 256,      /* octets of one pattern: a longer one is refused */
    CONTACT_REPEATS = 1000      /* product of the {n,m} of a pattern: more is refused, it would fill memory */
};

/* ---- patterns -------------------------------------------------------------------------------------------- */

/* Lines `name pattern`: name of letters, digits, '-' and '_'; pattern an extended regular expression of POSIX, case does not matter,
 * octets are matched, and a line up to a NUL. Empty lines and those that begin with '#' say nothing. Later lines of one name are further
 * forms of it. */
struct contact_patterns;
/* The default set, as lines of that form. */
extern const char contact_default_patterns[];
/* The default set and the lines of text; a name that text has takes the place of the default one. text may be STR_NONE. Lives in the
 * arena (and memory of libc, for the run). NULL (class configuration): a line is none; `what` names the file. Back references are
 * refused: they have no bound in time. */
const struct contact_patterns *contact_patterns_read(arena *a, str text, str what, struct err *e);

/* ---- what is found --------------------------------------------------------------------------------------- */

struct contact_phone {
    str number; /* digits, with '+' and without trunk "(0)" where it is international */
    str text;   /* as written */
    str kind;   /* "phone", "mobile", "fax": by the word before it */
};
struct contact_id {
    str name, value; /* the pattern's; as written */
};
struct contact {
    str name;      /* of From, else of the signature; STR_NONE: not known, and so below */
    str company;   /* by its legal form in the signature, else of Organization */
    str signature; /* lines end with LF, the last without */
    struct contact_phone phone[CONTACT_PHONES];
    int n_phones;
    struct contact_id id[CONTACT_IDS];
    int n_ids;
};

/* What is known of the message already; texts in UTF-8. */
struct contact_source {
    str name;         /* of From */
    str organization; /* the field, decoded */
    str subject, text;
};
/* Views of the source, of the patterns, or in the arena. For many threads at once (libc lets one of them at a pattern). */
void contact_find(arena *a, const struct contact_source *source, const struct contact_patterns *patterns, struct contact *out);

#endif
