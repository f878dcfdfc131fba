/* A parsed template: units (the template itself first, then its partials), each a flat list of nodes in order. */
#ifndef TEMPLATE_NODES_H
#define TEMPLATE_NODES_H

#include "template/template.h"

enum node_kind { NODE_TEXT, NODE_ESCAPED, NODE_RAW, NODE_SECTION, NODE_INVERTED, NODE_PARTIAL };

struct node {
    enum node_kind kind;
    str text;       /* NODE_TEXT: the text; else the name */
    int64_t line;   /* in its source */
    ptrdiff_t span; /* sections: nodes inside */
    ptrdiff_t unit; /* NODE_PARTIAL: index of its unit */
};

struct unit {
    str partial, indent; /* how it was asked for: one unit for each pair; STR_NONE in the template itself */
    struct template_source source;
    struct node *node;
    ptrdiff_t n, cap;
};

struct template {
    struct unit *unit;
    ptrdiff_t n, cap;
    ptrdiff_t tags;
};

/* Read the source of t->unit[i] into its nodes; partials that it names are appended to t's units, unread. */
bool unit_read(arena *a, struct template *t, ptrdiff_t i, const struct template_partials *partials, struct err *e);

/* class configuration, "NAME, line N: …" */
bool source_fault(struct err *e, const struct template_source *s, int64_t line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
