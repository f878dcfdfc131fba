/* The header of a message as its fields stand, for those who sign it. */
#ifndef SIGN_FIELDS_H
#define SIGN_FIELDS_H

#include "err/err.h"

struct signed_field {
    str name;  /* without the colon */
    str body;  /* behind the colon, with its folds and its line end */
    str whole; /* name to line end */
    bool used; /* for whoever goes through them */
};

struct signed_fields {
    struct signed_field *item;
    ptrdiff_t n, cap;
    ptrdiff_t length; /* octets of the header and its empty line */
};

/* Octets up to and with the empty line that ends the header, looked for from `from` on; -1: it is not there. */
ptrdiff_t header_length(str text, ptrdiff_t from);

/* The fields of text, up to an empty line or the end. False (class input): a line is no field. */
bool signed_fields_read(arena *a, str text, struct signed_fields *out, struct err *e);

#endif
