/* Templates: Mustache (the published spec: interpolation, sections, inverted sections, comments, delimiters, partials; no lambdas, no
 * inheritance), and the files that hold them.
 *
 *     {{x}} {{a.b}} {{.}}    a value: escaped in HTML, as it is in text        {{{x}}} {{&x}}    as it is
 *     {{#x}}…{{/x}}          for each element; once for any other value        {{^x}}…{{/x}}     where x is none
 *     {{! comment}}          {{=<% %>=}} other delimiters                      {{> name}}        another template, here
 *
 * None is: no such name, null, false, an empty list, an empty string. A name is looked for in the sections around it, the inner
 * ones first, then in the data; the parts behind the first dot only within what was found. Two things are ours: a value that is
 * missing is an error that names it (a section over it is none), and a list of one element stands for its element where a
 * value or a name behind a dot is asked for, so that {{email.from.name}} works.
 *
 * Data is JSON (json/json.h). Sources must be UTF-8; what is made of them is. Everything lives in the arena that is passed and points
 * into source and data. */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include "err/err.h"
#include "json/json.h"

enum {
    TEMPLATE_DEPTH = 100,        /* sections and partials within each other; deeper ones do not parse, or render */
    TEMPLATE_TAGS = 100000,      /* of one template with its partials; more do not parse */
    TEMPLATE_PARTIALS = 100,     /* different ones of one template */
    TEMPLATE_OCTETS = 16 << 20,  /* output; more is an error */
    TEMPLATE_STEPS = 4 << 20,    /* tags, pieces of text and rounds of one rendering; more are an error: lists within lists */
    TEMPLATE_FILE = 1 << 20      /* octets of a template file; a larger one is refused by who reads it */
};

struct template_source {
    str text;
    str name;     /* for messages: a path, "Subject of ack", … */
    int64_t line; /* of the first line of text in it: 1 for a whole file */
};

/* Where {{> name}} comes from. False: there is none, or it cannot be read (then with *e filled by find itself). */
struct template_partials {
    bool (*find)(void *with, arena *a, str name, struct template_source *out, struct err *e);
    void *with;
};

struct template;

/* partials may be NULL: then {{> x}} is an error. NULL (class configuration) for a source that does not parse; the sentence names it
 * and the line. */
const struct template *template_parse(arena *a, const struct template_source *source, const struct template_partials *partials,
                                      struct err *e);

enum {
    TEMPLATE_HTML = 1,    /* escape & < > " ' in {{x}} */
    TEMPLATE_LENIENT = 2, /* a value that is missing is empty, as the spec has it */
    TEMPLATE_LINE = 4     /* control characters of values become spaces: a Subject stays one line */
};

/* Append to out. data may be NULL. False (class input) where a value is missing, or is an object or a list of several, or a limit is
 * passed; the sentence names source, line and variable, and out then holds a part. */
bool template_render(arena *a, const struct template *t, const struct jnode *data, unsigned flags, struct buf *out, struct err *e);

/* Every tag that names a value, partials included, in order. */
struct template_use {
    str name;          /* "agent.name", "." */
    str source;        /* name of the source it stands in */
    int64_t line;
    bool section;      /* {{#x}} or {{^x}}: it may be missing */
    ptrdiff_t within;  /* index of the {{#section}} around it, -1: none */
};
struct template_uses {
    struct template_use *item;
    ptrdiff_t n, cap;
};
void template_uses(arena *a, const struct template *t, struct template_uses *out);

/* ---- data ----------------------------------------------------------------------------------------------- */

/* Two JSON objects as one: members of `over` win, objects within are merged in the same way. Either may be STR_NONE (no members). The
 * texts must be JSON objects that jread accepts. */
str template_merge(arena *a, str under, str over);

/* The object {"a":{"b":"value"}} for "a.b=value". False (class usage): no '=', or a part of the name is empty. */
bool template_set(arena *a, str assignment, str *out, struct err *e);

/* ---- files ---------------------------------------------------------------------------------------------- */

/* A template file:
 *
 *     # a comment
 *     Name: ack                           that of the file; may be left out
 *     Type: reply                         one word, for people and lists
 *     Subject: Re: {{email.subject}}
 *     Account: support, sales             who may use it; or "Global: yes" (as without either)
 *     Variables: agent, ticket = none,    names, with defaults that may be "quoted"; a line that begins with white space
 *         hours = "9, 10 and 11"          continues the one before
 *
 *     --- text
 *     Dear {{email.from.name}},
 *     --- html
 *     <p>Dear {{email.from.name}},</p>
 *
 * A part begins behind its separator line and ends before the next one or with the file. */
struct template_variable {
    str name, otherwise; /* otherwise: the default, STR_NONE: it must be given */
    int64_t line;
};
struct template_file {
    str path;                    /* as it was passed */
    str name, kind;              /* kind: Type, STR_NONE: not said */
    struct strs accounts;        /* empty: global */
    struct template_variable *variables;
    ptrdiff_t n_variables, cap_variables;
    struct template_source subject, text, html; /* text STR_NONE: the file has no such part */
};

/* text: the file. name: that of the file without its folder. False (class configuration) with path and line: a line that is no
 * field, an unknown or repeated field, a Name that differs, Account with Global, a part given twice, no part at all, invalid UTF-8. */
bool template_file_read(arena *a, str text, str path, str name, struct template_file *out, struct err *e);

/* The defaults of its variables as a JSON object. */
str template_file_defaults(arena *a, const struct template_file *f);

/* NULL where every value that t (a part of file f) needs is declared or built in; else the first use of an unknown one.
 * builtin: names of members that are always there ("email"). Inside {{#x}} a name is known, too, where x.name is declared or x is
 * built in. A variable that is declared stands for all its members, and a member for what it is a member of. */
const struct template_use *template_file_unknown(arena *a, const struct template_file *f, const struct template *t,
                                                 const struct strs *builtin);

#endif
