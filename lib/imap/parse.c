/* Responses of RFC 3501 9 as a machine of small states: any octets can be fed in any pieces. */
#include "imap/imap.h"

enum state {
    AT_TAG,
    AT_GAP,     /* between tokens */
    AT_ATOM,
    AT_SECTION, /* inside BODY[…] */
    AT_QUOTED,
    AT_ESCAPE,  /* behind \ in a quoted string */
    AT_LENGTH,  /* behind { */
    AT_CLOSED,  /* behind }, before the end of the line */
    AT_LITERAL,
    AT_NUMBER,  /* of a set of UIDs */
    AT_WORDS    /* the rest of a status response */
};

void imap_parse_init(arena *a, struct imap_parse *p)
{
    *p = (struct imap_parse){.state = AT_TAG, .text = arena_alloc(a, IMAP_TEXT, 1), .token = ARENA_ARRAY(a, struct imap_token, IMAP_TOKENS)};
}

static void keep(struct imap_parse *p, char c)
{
    if (p->text_len < IMAP_TEXT)
        p->text[p->text_len++] = c;
    else
        p->malformed = true;
}

static str open_text(const struct imap_parse *p) { return str_of(p->text + p->token_at, p->text_len - p->token_at); }

static void add(struct imap_parse *p, enum imap_token_type type)
{
    if (p->n < IMAP_TOKENS)
        p->token[p->n++] = (struct imap_token){type, open_text(p)};
    else
        p->malformed = true;
    p->token_at = p->text_len;
    p->state = AT_GAP;
}

static enum imap_status status_of(str word)
{
    static const char *const names[] = {"", "OK", "NO", "BAD", "BYE", "PREAUTH"};
    for (int i = IMAP_OK; i <= IMAP_PREAUTH; i++)
        if (str_eq_nocase(word, str_c(names[i])))
            return (enum imap_status)i;
    return IMAP_NONE;
}

static bool token_is(const struct imap_parse *p, ptrdiff_t i, str word)
{
    return i < p->n && p->token[i].type == IMAP_ATOM && str_eq_nocase(p->token[i].text, word);
}

static void end_atom(struct imap_parse *p)
{
    add(p, IMAP_ATOM);
    if (p->n == 1) {
        p->status = status_of(p->token[0].text);
        p->searching = token_is(p, 0, S("SEARCH"));
        if (p->status) {
            p->state = AT_WORDS;
            p->words_at = p->text_len;
        }
    } else if (token_is(p, 0, S("ESEARCH"))) {
        p->searching = token_is(p, p->n - 1, S("ALL"));
    }
}

static bool behind_section(const struct imap_parse *p)
{
    if (!p->n || p->token[p->n - 1].type != IMAP_ATOM)
        return false;
    str word = p->token[p->n - 1].text;
    return str_starts_nocase(word, S("BODY[")) || str_starts_nocase(word, S("BINARY[")) || str_eq_nocase(word, S("RFC822"));
}

static enum imap_event finish(struct imap_parse *p, struct imap_part *part)
{
    struct imap_response *r = &part->response;
    *r = (struct imap_response){.tag = str_of(p->tag, p->tag_len), .status = p->status, .token = p->token, .n = p->n, .malformed = p->malformed};
    bool continuation = str_eq(r->tag, S("+"));
    if (r->status || continuation) {
        str words = str_trim(str_of(p->text + p->words_at, p->text_len - p->words_at));
        ptrdiff_t close = words.len && words.ptr[0] == '[' && !continuation ? str_find_byte(words, ']') : -1;
        r->code = close > 0 ? str_slice(words, 1, close) : STR_NONE;
        r->text = str_trim(str_skip(words, close + 1));
    }
    bool empty = !p->tag_len && !p->n;
    char *text = p->text;
    struct imap_token *token = p->token;
    char tag[IMAP_TAG];
    memcpy(tag, p->tag, sizeof tag);
    *p = (struct imap_parse){.state = AT_TAG, .text = text, .token = token};
    memcpy(p->tag, tag, sizeof tag);
    return empty ? IMAP_NEED : IMAP_RESPONSE;
}

/* The number that ended, or the range; not for 0, which is no UID. */
static enum imap_event end_number(struct imap_parse *p, struct imap_part *part)
{
    uint64_t last = p->number, first = p->range ? p->from : last;
    p->number = 0;
    p->range = false;
    p->state = AT_GAP;
    if (first > last) {
        uint64_t other = first;
        first = last;
        last = other;
    }
    if (first == 0 || last > UINT32_MAX) {
        p->malformed = true;
        return IMAP_NEED;
    }
    part->first = (uint32_t)first;
    part->last = (uint32_t)last;
    return IMAP_UIDS;
}

static void begin_token(struct imap_parse *p, char c)
{
    p->token_at = p->text_len;
    switch (c) {
    case ' ':
    case '\t':
    case '\r': break;
    case '(':
    case ')':
        p->searching = false;
        keep(p, c);
        add(p, c == '(' ? IMAP_OPEN : IMAP_CLOSE);
        break;
    case '"': p->state = AT_QUOTED; break;
    case '{':
        keep(p, c);
        p->left = 0;
        p->state = AT_LENGTH;
        break;
    default:
        keep(p, c);
        p->state = AT_ATOM;
    }
}

static void in_tag(struct imap_parse *p, char c)
{
    if (c == ' ') {
        bool continuation = p->tag_len == 1 && p->tag[0] == '+';
        p->state = continuation ? AT_WORDS : AT_GAP;
    } else if (c != '\r' && p->tag_len < IMAP_TAG) {
        p->tag[p->tag_len++] = c;
    } else if (c != '\r') {
        p->malformed = true;
    }
}

/* True where c is the first octet behind the atom, and is to be looked at again. */
static bool in_atom(struct imap_parse *p, char c)
{
    str word = open_text(p);
    if (c == ' ' || c == '(' || c == ')' || c == '\r' || c == '\t') {
        end_atom(p);
        return true;
    }
    if (c == '{' && str_eq(word, S("~"))) { /* RFC3516-4.3: literal8 */
        p->left = 0;
        p->state = AT_LENGTH;
        return false;
    }
    if (c == '[' && (str_eq_nocase(word, S("BODY")) || str_eq_nocase(word, S("BINARY"))))
        p->state = AT_SECTION;
    keep(p, c);
    return false;
}

/* RFC3501-9 literal; the + of RFC7888 is a client's, but some servers send it. */
static void in_length(struct imap_parse *p, char c)
{
    str so_far = open_text(p);
    char before = so_far.len ? so_far.ptr[so_far.len - 1] : 0;
    bool digits = before >= '0' && before <= '9';
    keep(p, c);
    if (c >= '0' && c <= '9' && before != '+' && p->left <= IMAP_LITERAL_MAX / 10)
        p->left = p->left * 10 + (c - '0');
    else if (c == '}' && (digits || before == '+'))
        p->state = AT_CLOSED;
    else if (c != '+' || !digits)
        p->state = AT_ATOM;
}

/* The end of the line behind {n}: the literal begins. */
static enum imap_event begin_literal(struct imap_parse *p, struct imap_part *part)
{
    p->text_len = p->token_at;
    p->streaming = behind_section(p);
    p->state = AT_LITERAL;
    if (!p->streaming)
        return IMAP_NEED;
    part->octets = p->token[p->n - 1].text;
    part->size = p->left;
    return IMAP_BODY_BEGIN;
}

static enum imap_event in_literal(struct imap_parse *p, str *in, struct imap_part *part)
{
    str some = str_first(*in, p->left < in->len ? (ptrdiff_t)p->left : in->len);
    *in = str_skip(*in, some.len);
    p->left -= some.len;
    if (p->streaming) {
        part->octets = some;
        return IMAP_BODY_DATA;
    }
    str fits = str_first(some, IMAP_TEXT - p->text_len);
    if (fits.len)
        memcpy(p->text + p->text_len, fits.ptr, (size_t)fits.len);
    p->text_len += fits.len;
    p->malformed |= fits.len < some.len;
    return IMAP_NEED;
}

static enum imap_event end_literal(struct imap_parse *p)
{
    bool streamed = p->streaming;
    p->streaming = false;
    add(p, streamed ? IMAP_BODY : IMAP_STRING);
    return streamed ? IMAP_BODY_END : IMAP_NEED;
}

/* A line feed outside of a literal's octets. */
static enum imap_event end_line(struct imap_parse *p, str *in, struct imap_part *part)
{
    if (p->state == AT_CLOSED) {
        *in = str_skip(*in, 1);
        return begin_literal(p, part);
    }
    if (p->state == AT_NUMBER) {
        enum imap_event event = end_number(p, part);
        if (event != IMAP_NEED)
            return event;
    }
    if (p->state == AT_QUOTED || p->state == AT_ESCAPE || p->state == AT_SECTION || p->state == AT_LENGTH) {
        p->malformed = true;
        add(p, p->state == AT_QUOTED || p->state == AT_ESCAPE ? IMAP_STRING : IMAP_ATOM);
    } else if (p->state == AT_ATOM) {
        end_atom(p);
    }
    *in = str_skip(*in, 1);
    return finish(p, part);
}

/* One digit, ':' or ','; anything else ends the set and is looked at again. */
static enum imap_event in_number(struct imap_parse *p, char c, bool *again, struct imap_part *part)
{
    if (c >= '0' && c <= '9') {
        p->number = p->number > UINT32_MAX ? p->number : p->number * 10 + (uint64_t)(c - '0');
        return IMAP_NEED;
    }
    if (c == ':' && !p->range) {
        p->from = p->number;
        p->number = 0;
        p->range = true;
        return IMAP_NEED;
    }
    enum imap_event event = end_number(p, part);
    if (c == ',')
        p->state = AT_NUMBER;
    else
        *again = true;
    return event;
}

/* One octet that is neither a literal's nor a line feed. *again: it is not used up. */
static enum imap_event octet(struct imap_parse *p, char c, bool *again, struct imap_part *part)
{
    switch ((enum state)p->state) {
    case AT_TAG: in_tag(p, c); break;
    case AT_GAP:
        if (p->searching && c >= '0' && c <= '9') {
            p->number = (uint64_t)(c - '0');
            p->state = AT_NUMBER;
        } else {
            begin_token(p, c);
        }
        break;
    case AT_ATOM: *again = in_atom(p, c); break;
    case AT_SECTION:
        keep(p, c);
        if (c == ']')
            p->state = AT_ATOM;
        break;
    case AT_QUOTED:
        if (c == '"')
            add(p, IMAP_STRING);
        else if (c == '\\')
            p->state = AT_ESCAPE;
        else
            keep(p, c);
        break;
    case AT_ESCAPE:
        keep(p, c);
        p->state = AT_QUOTED;
        break;
    case AT_LENGTH: in_length(p, c); break;
    case AT_CLOSED:
        if (c != '\r') { /* {5} inside a line is a word */
            p->state = AT_ATOM;
            *again = true;
        }
        break;
    case AT_NUMBER: return in_number(p, c, again, part);
    case AT_WORDS:
        if (p->text_len - p->words_at < IMAP_WORDS)
            keep(p, c);
        break;
    case AT_LITERAL: break; /* taken as a whole by imap_parse */
    }
    return IMAP_NEED;
}

enum imap_event imap_parse(struct imap_parse *p, str *in, struct imap_part *part)
{
    for (;;) {
        enum imap_event event = IMAP_NEED;
        if (p->state == AT_LITERAL && p->left == 0) {
            event = end_literal(p);
        } else if (!in->len) {
            return IMAP_NEED;
        } else if (p->state == AT_LITERAL) {
            event = in_literal(p, in, part);
        } else if (in->ptr[0] == '\n') {
            event = end_line(p, in, part);
        } else {
            bool again = false;
            event = octet(p, in->ptr[0], &again, part);
            if (!again)
                *in = str_skip(*in, 1);
        }
        if (event != IMAP_NEED)
            return event;
    }
}
