#include "template/nodes.h"

/* A section or partial that is being rendered; its nodes are [from, end) of the unit. */
struct frame {
    const struct unit *unit;
    ptrdiff_t from, end, at;
    const struct jnode *value; /* what names are looked for in; NULL: this frame adds nothing */
    const struct jnode *list;  /* of which value is an element, or NULL */
};

struct render {
    arena *mem;
    const struct template *t;
    const struct jnode *data;
    unsigned flags;
    struct buf *out;
    ptrdiff_t most; /* out->len may become this */
    int64_t steps;
    struct frame frame[TEMPLATE_DEPTH + 1];
    int n;
    struct err *e;
};

static bool value_fault(const struct render *r, const struct node *node, const char *code, const char *hint, const char *what)
{
    const struct frame *f = &r->frame[r->n - 1];
    return err_set(r->e, ERR_INPUT, code, hint, "%.*s, line %lld: {{%.*s}} %s", STR_ARG(f->unit->source.name), (long long)node->line,
                   STR_ARG(node->text), what);
}

/* ---- looking up ------------------------------------------------------------------------------------------ */

/* A list of one stands for its element. Nesting is bounded by JSON_DEPTH. */
static const struct jnode *the_one(const struct jnode *v)
{
    while (jread_is(v, JSON_ARRAY)) {
        const struct jnode *first = jread_first(v);
        if (!first || jread_next(v, first))
            break;
        v = first;
    }
    return v;
}

/* The member `name` of the innermost object around that has it. */
static const struct jnode *look_around(struct render *r, str name)
{
    for (int i = r->n - 1; i >= 0; i--) {
        const struct jnode *v = r->frame[i].value;
        r->steps++;
        const struct jnode *found = jread_is(v, JSON_OBJECT) ? jread_member(v, name) : NULL;
        if (found)
            return found;
    }
    return jread_member(jread_is(r->data, JSON_OBJECT) ? r->data : NULL, name);
}

static const struct jnode *look_up(struct render *r, str name)
{
    if (str_eq(name, S("."))) {
        for (int i = r->n - 1; i >= 0; i--)
            if (r->frame[i].value)
                return r->frame[i].value;
        return r->data;
    }
    str part;
    str_cut(name, '.', &part, &name);
    const struct jnode *v = look_around(r, part);
    while (v && name.ptr) {
        str_cut(name, '.', &part, &name);
        v = the_one(v);
        v = jread_is(v, JSON_OBJECT) ? jread_member(v, part) : NULL;
        r->steps++;
    }
    return v;
}

static bool is_none(const struct jnode *v)
{
    if (!v || jread_is(v, JSON_NULL) || jread_is(v, JSON_FALSE))
        return true;
    return (jread_is(v, JSON_ARRAY) && !jread_first(v)) || (jread_is(v, JSON_STRING) && !v->text.len);
}

/* ---- putting out ------------------------------------------------------------------------------------------ */

static str entity(char c)
{
    switch (c) {
    case '&': return S("&amp;");
    case '<': return S("&lt;");
    case '>': return S("&gt;");
    case '"': return S("&quot;");
    case '\'': return S("&#39;");
    default: return STR_NONE;
    }
}

static void put_escaped(struct buf *out, str s)
{
    ptrdiff_t from = 0;
    for (ptrdiff_t i = 0; i < s.len; i++) {
        str e = entity(s.ptr[i]);
        if (!e.ptr)
            continue;
        buf_put(out, str_slice(s, from, i));
        buf_put(out, e);
        from = i + 1;
    }
    buf_put(out, str_skip(s, from));
}

static str one_line(arena *a, str s)
{
    char *copy = str_z(a, s);
    for (ptrdiff_t i = 0; i < s.len; i++)
        if ((unsigned char)copy[i] < ' ' || copy[i] == 0x7F)
            copy[i] = ' ';
    return str_of(copy, s.len);
}

static bool put_value(struct render *r, const struct node *node)
{
    const struct jnode *v = the_one(look_up(r, node->text));
    bool lenient = (r->flags & TEMPLATE_LENIENT) != 0;
    if (!v)
        return lenient || value_fault(r, node, "template.missing", "give it with --set or --data, or a default in the template's Variables",
                                      "has no value");
    if (jread_is(v, JSON_ARRAY) && jread_first(v))
        return value_fault(r, node, "template.list", "go through it with a section", "is a list of several");
    if (jread_is(v, JSON_OBJECT))
        return value_fault(r, node, "template.object", "name one of its members behind a dot", "is an object");
    if (jread_is(v, JSON_NULL) || jread_is(v, JSON_ARRAY))
        return true;
    str text = jread_is(v, JSON_STRING) ? jread_string(r->mem, v) : jread_raw(v);
    if (r->flags & TEMPLATE_LINE)
        text = one_line(r->mem, text);
    if ((r->flags & TEMPLATE_HTML) && node->kind == NODE_ESCAPED)
        put_escaped(r->out, text);
    else
        buf_put(r->out, text);
    return true;
}

/* ---- going through ------------------------------------------------------------------------------------------ */

static bool enter(struct render *r, const struct node *node, struct frame f)
{
    if (r->n > TEMPLATE_DEPTH)
        return value_fault(r, node, "template.deep", "does a partial name itself?", "is nested too deeply");
    f.at = f.from;
    r->frame[r->n++] = f;
    return true;
}

static bool enter_section(struct render *r, const struct node *node)
{
    struct frame *f = &r->frame[r->n - 1];
    struct frame inner = {.unit = f->unit, .from = f->at, .end = f->at + node->span};
    f->at = inner.end;
    const struct jnode *v = look_up(r, node->text);
    if (is_none(v) != (node->kind == NODE_INVERTED))
        return true;
    if (node->kind == NODE_SECTION) {
        inner.list = jread_is(v, JSON_ARRAY) ? v : NULL;
        inner.value = inner.list ? jread_first(v) : v;
    }
    return enter(r, node, inner);
}

static bool step(struct render *r, const struct node *node)
{
    switch (node->kind) {
    case NODE_TEXT: buf_put(r->out, node->text); return true;
    case NODE_ESCAPED:
    case NODE_RAW: return put_value(r, node);
    case NODE_SECTION:
    case NODE_INVERTED: return enter_section(r, node);
    case NODE_PARTIAL: {
        const struct unit *u = &r->t->unit[node->unit];
        return enter(r, node, (struct frame){.unit = u, .end = u->n});
    }
    }
    return true;
}

/* The end of a frame: its next element, or back to what is around it. */
static void leave(struct render *r)
{
    struct frame *f = &r->frame[r->n - 1];
    const struct jnode *next = f->list ? jread_next(f->list, f->value) : NULL;
    if (next) {
        f->value = next;
        f->at = f->from;
    } else {
        r->n--;
    }
}

bool template_render(arena *a, const struct template *t, const struct jnode *data, unsigned flags, struct buf *out, struct err *e)
{
    struct render *r = ARENA_NEW(a, struct render);
    *r = (struct render){.mem = a, .t = t, .data = data, .flags = flags, .out = out, .most = out->len + TEMPLATE_OCTETS, .e = e};
    r->frame[r->n++] = (struct frame){.unit = &t->unit[0], .end = t->unit[0].n};
    while (r->n) {
        struct frame *f = &r->frame[r->n - 1];
        if (f->at == f->end) {
            r->steps++;
            leave(r);
            continue;
        }
        const struct node *node = &f->unit->node[f->at++];
        if (!step(r, node))
            return false;
        if (++r->steps > TEMPLATE_STEPS || out->len > r->most)
            return err_set(e, ERR_INPUT, "template.large", "give it less data", "%.*s, line %lld: what it makes becomes too large",
                           STR_ARG(f->unit->source.name), (long long)node->line);
    }
    return true;
}
