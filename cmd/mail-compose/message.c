/* A message of a request: texts with signature, footer and quote; the tree of parts; the fields. */
#include "compose.h"

#include <time.h>

/* ---- texts ---- */

/* Lines end with LF, the last one too; what is not UTF-8 is read as windows-1252. */
static str text_of(struct compose *c, str text)
{
    if (!c->mime)
        c->mime = mime_new();
    text = charset_text(&c->message, mime_charsets(c->mime), STR_NONE, text, NULL);
    struct buf b = buf_new(&c->message, text.len + 1);
    for (ptrdiff_t i = 0; i < text.len; i++) {
        bool cr = text.ptr[i] == '\r';
        if (!(cr && i + 1 < text.len && text.ptr[i + 1] == '\n'))
            buf_byte(&b, cr ? '\n' : text.ptr[i]);
    }
    if (b.len && b.ptr[b.len - 1] != '\n')
        buf_byte(&b, '\n');
    return buf_str(&b);
}

static bool render(struct compose *c, struct request *r, const struct identity *id, struct err *e)
{
    struct compose_template t;
    struct compose_rendered out;
    if (!r->template.len)
        return true;
    str folder = compose_template_folder(&c->message, &c->config, c->template_folder);
    struct compose_values v = {.config = &c->config, .account = id->account, .data = r->data, .sets = r->sets, .replied = r->original};
    if (!compose_template_load(&c->message, folder, r->template, id->account, &t, e) || !compose_render(&c->message, &t, &v, &out, e))
        return false;
    r->subject = r->subject.ptr ? r->subject : out.subject;
    r->text = r->text.ptr ? r->text : out.text;
    r->html = r->html.ptr ? r->html : out.html;
    return true;
}

static void put_block(struct buf *to, const char *before, str text, const char *after)
{
    if (!text.len)
        return;
    buf_put(to, str_c(before));
    buf_put(to, text);
    buf_put(to, str_c(after));
}

static str whole_text(struct compose *c, const struct request *r, const struct identity *id)
{
    struct buf b = buf_new(&c->message, r->text.len + r->quote_text.len + 1024);
    buf_put(&b, text_of(c, r->text));
    if (!r->no_signature) {
        put_block(&b, b.len ? "\n-- \n" : "-- \n", text_of(c, id->signature), "");
        put_block(&b, "\n", text_of(c, id->footer), "");
    }
    put_block(&b, b.len ? "\n" : "", text_of(c, r->quote_text), "");
    return buf_str(&b);
}

static str html_setting(struct compose *c, str html, str text)
{
    return html.len ? html : text.len ? build_html_of_text(&c->message, str_trim_right(text_of(c, text))) : STR_NONE;
}

/* What comes behind the answer stands before </body> of a document that has one. */
static str whole_html(struct compose *c, const struct request *r, const struct identity *id)
{
    str html = text_of(c, r->html), rest = STR_NONE;
    struct buf b = buf_new(&c->message, html.len + r->quote_html.len + 1024);
    ptrdiff_t end = -1;
    for (ptrdiff_t from = 0, n; (n = str_find_nocase(str_skip(html, from), S("</body"))) >= 0; from = end + 1)
        end = from + n;
    if (end >= 0) {
        rest = str_skip(html, end);
        html = str_first(html, end);
    }
    buf_put(&b, html);
    if (!r->no_signature) {
        put_block(&b, "<div class=\"mail_signature\">-- <br>\n", html_setting(c, id->signature_html, id->signature), "</div>\n");
        put_block(&b, "<div class=\"mail_footer\">", html_setting(c, id->footer_html, id->footer), "</div>\n");
    }
    put_block(&b, "", r->quote_html, "");
    buf_put(&b, rest);
    return buf_str(&b);
}

/* ---- pictures: cid:NAME becomes cid:NAME.RANDOM@DOMAIN ---- */

static str domain_of(str email)
{
    for (ptrdiff_t i = email.len - 1; i >= 0; i--)
        if (email.ptr[i] == '@')
            return str_skip(email, i + 1);
    return S("localhost");
}

static void put_random(struct buf *to, int octets)
{
    unsigned char random[16];
    sys_clock.random(random, (size_t)octets);
    for (int i = 0; i < octets; i++)
        buf_fmt(to, "%02x", random[i]);
}

/* "@domain" of an address. */
static str at_domain(arena *a, str email)
{
    str wire = build_address_wire(a, str_fmt(a, "x@%.*s", STR_ARG(domain_of(email))), NULL);
    return str_skip(wire, 1);
}

static str content_id(arena *a, str name, str sender)
{
    struct buf b = buf_new(a, name.len + 64);
    for (ptrdiff_t i = 0; i < name.len && i < 40; i++) {
        char ch = name.ptr[i];
        bool plain = (ch >= '0' && ch <= '9') || ((ch | 32) >= 'a' && (ch | 32) <= 'z') || ch == '_' || ch == '-';
        buf_byte(&b, plain ? ch : '_');
    }
    buf_byte(&b, '.');
    put_random(&b, 6);
    buf_put(&b, at_domain(a, sender));
    return buf_str(&b);
}

static str replace_cid(arena *a, str html, str name, str id)
{
    struct buf b = buf_new(a, html.len + id.len);
    str wanted = str_fmt(a, "cid:%.*s", STR_ARG(name));
    for (ptrdiff_t at = 0;;) {
        ptrdiff_t n = str_find_nocase(str_skip(html, at), S("cid:"));
        if (n < 0) {
            buf_put(&b, str_skip(html, at));
            return buf_str(&b);
        }
        str here = str_skip(html, at + n);
        char next = here.len > wanted.len ? here.ptr[wanted.len] : '"';
        bool same = str_starts_nocase(here, S("cid:")) && str_starts(str_skip(here, 4), name) && strchr("\"' \t\r\n)>&", next);
        buf_put(&b, str_slice(html, at, at + n + 4));
        if (same)
            buf_put(&b, id);
        at += n + 4 + (same ? name.len : 0);
    }
}

static void name_pictures(struct compose *c, struct request *r, str sender)
{
    for (struct enclosure *x = r->enclosures; x; x = x->next) {
        if (!x->is_inline || str_find_byte(x->cid, '@') >= 0)
            continue;
        str name = x->cid.len ? x->cid : x->name;
        x->cid = content_id(&c->message, name, sender);
        r->html = replace_cid(&c->message, r->html, name, x->cid);
    }
}

/* ---- parts ---- */

static struct build_part *leaf(arena *a, const char *type, str content)
{
    struct build_part *p = ARENA_NEW(a, struct build_part);
    p->type = str_c(type);
    p->content = content;
    return p;
}

static struct build_part *enclosed(arena *a, const struct enclosure *x)
{
    struct build_part *p = ARENA_NEW(a, struct build_part);
    p->type = x->type;
    p->name = x->name;
    p->disposition = x->is_inline ? S("inline") : S("attachment");
    p->cid = x->is_inline ? x->cid : STR_NONE;
    p->source = x->source;
    if (str_starts(p->type, S("text/")))
        p->charset = S("utf-8");
    return p;
}

/* list is the last first: each is put before what follows. */
static struct build_part *wrap(arena *a, const char *type, struct build_part *first, const struct request *r, bool pictures)
{
    struct build_part *p = leaf(a, type, STR_NONE);
    p->child = first;
    for (const struct enclosure *x = r->enclosures; x; x = x->next) {
        if ((x->is_inline && r->html.len) != pictures)
            continue;
        struct build_part *part = enclosed(a, x);
        part->next = first ? first->next : p->child;
        if (first)
            first->next = part;
        else
            p->child = part;
    }
    return p;
}

static bool has_enclosure(const struct request *r, bool pictures)
{
    for (const struct enclosure *x = r->enclosures; x; x = x->next)
        if ((x->is_inline && r->html.len > 0) == pictures)
            return true;
    return false;
}

/* mixed(alternative(text, related(html, pictures)), files), each where it is needed. */
static struct build_part *tree_of(struct compose *c, const struct request *r, str text)
{
    arena *a = &c->message;
    bool pictures = has_enclosure(r, true), files = has_enclosure(r, false);
    struct build_part *body = text.len || r->html.len || !files ? leaf(a, "text/plain", text) : NULL;
    if (r->html.len) {
        struct build_part *html = leaf(a, "text/html", r->html);
        if (pictures)
            html = wrap(a, "multipart/related", html, r, true);
        body->next = html;
        struct build_part *both = leaf(a, "multipart/alternative", STR_NONE);
        both->child = body;
        body = both;
    }
    return files ? wrap(a, "multipart/mixed", body, r, false) : body;
}

/* ---- fields ---- */

int local_zone(int64_t seconds)
{
    time_t t = (time_t)seconds;
    struct tm tm;
    return localtime_r(&t, &tm) ? (int)(tm.tm_gmtoff / 60) : 0;
}

/* With a key it hangs on that: who composes the same again makes the same message. */
str message_id_new(arena *a, const struct request *r, str sender)
{
    struct buf b = buf_new(a, 96);
    if (r->key.len)
        buf_put(&b, str_first(sha256_of(a, str_fmt(a, "%.*s\n%.*s", STR_ARG(r->account), STR_ARG(r->key))), 32));
    else
        buf_fmt(&b, "%llx.", (unsigned long long)sys_clock.now_ms());
    if (!r->key.len)
        put_random(&b, 8);
    buf_put(&b, at_domain(a, sender));
    return buf_str(&b);
}

static void put_importance(struct buf *to, str importance)
{
    if (!importance.len || str_eq(importance, S("normal")))
        return;
    bool high = str_eq(importance, S("high"));
    build_text(to, S("Importance"), importance);
    build_text(to, S("X-Priority"), high ? S("1 (Highest)") : S("5 (Lowest)"));
}

static void put_list(arena *a, struct buf *to, str url)
{
    if (!url.len)
        return;
    build_structured(to, S("List-Unsubscribe"), str_fmt(a, "<%.*s>", STR_ARG(url)));
    if (str_starts_nocase(url, S("https:"))) /* RFC8058-3.1 */
        build_structured(to, S("List-Unsubscribe-Post"), S("List-Unsubscribe=One-Click"));
}

static str fields_of(struct compose *c, const struct request *r, const struct identity *id)
{
    arena *a = &c->message;
    struct buf b = buf_new(a, 2048);
    struct header_addresses from = {(struct header_address *)&id->from, 1, 1};
    struct strs own = {0};
    strs_add(a, &own, r->message_id);
    build_date(&b, S("Date"), r->now, local_zone(r->now));
    build_addresses(a, &b, S("From"), r->from.n > 1 ? &r->from : &from);
    if (r->from.n > 1) /* RFC5322-3.6.2 */
        build_addresses(a, &b, S("Sender"), &from);
    build_addresses(a, &b, S("Reply-To"), &r->reply_to);
    build_addresses(a, &b, S("To"), &r->to);
    build_addresses(a, &b, S("Cc"), &r->cc);
    if (!r->to.n && !r->cc.n)
        build_structured(&b, S("To"), S("undisclosed-recipients:;"));
    if (r->subject.len)
        build_text(&b, S("Subject"), r->subject);
    build_ids(&b, S("Message-ID"), &own);
    build_ids(&b, S("In-Reply-To"), &r->in_reply_to);
    build_ids(&b, S("References"), &r->references);
    if (r->auto_submitted.len)
        build_text(&b, S("Auto-Submitted"), r->auto_submitted);
    put_importance(&b, r->importance);
    if (r->receipt)
        build_addresses(a, &b, S("Disposition-Notification-To"), &from);
    put_list(a, &b, r->list_unsubscribe);
    for (ptrdiff_t i = 0; i < r->n_fields; i++)
        build_text(&b, r->field[i].name, r->field[i].value);
    return buf_str(&b);
}

/* ---- the message ---- */

struct made {
    struct compose *c;
    struct build_part *root;
    str fields;
};

static bool write_made(const void *context, build_put *put, void *to, struct err *e)
{
    const struct made *m = context;
    return build_write(&m->c->message, m->root, m->fields, put, to, e);
}

static bool prepare(struct compose *c, struct request *r, const struct identity *id, struct err *e)
{
    if (!render(c, r, id, e))
        return false;
    r->subject = r->subject.ptr ? r->subject : r->default_subject;
    if (!build_value_ok(r->subject, "Subject", e))
        return false;
    if (!r->to.n && !r->cc.n && !r->bcc.n)
        return err_set(e, ERR_USAGE, "recipients.none", "--to, --cc or --bcc says to whom", "the message has no recipient");
    if (!r->reply_to.n && id->reply_to.len && !build_address_read(&c->message, id->reply_to, "replyTo", ERR_CONFIG, &r->reply_to, e))
        return false;
    r->message_id = message_id_new(&c->message, r, id->from.email);
    if (!r->html.len && r->quote_html.len && c->verb == VERB_FORWARD)
        r->html = r->text.len ? str_fmt(&c->message, "<div>%.*s</div>\n", STR_ARG(build_html_of_text(&c->message, text_of(c, r->text)))) : S("\n");
    if (r->html.len && !r->text.len)
        r->text = build_html_text(&c->message, text_of(c, r->html));
    if (r->automatic && !r->auto_submitted.len)
        r->auto_submitted = c->verb == VERB_REPLY ? S("auto-replied") : S("auto-generated");
    return true;
}

bool compose_request(struct compose *c, struct request *r, struct err *e)
{
    struct identity id;
    if (!identity_of(c, r, &id, e) || !prepare(c, r, &id, e) || !compose_signer(c, &id, e))
        return false;
    r->account = id.account;
    str text = whole_text(c, r, &id);
    if (r->html.len) {
        r->html = whole_html(c, r, &id);
        name_pictures(c, r, id.from.email);
    }
    struct build_options options = {.eight_bit = id.eight_bit, .seven_bit = c->signer && compose_signer_7bit(c->signer)};
    struct made m = {c, tree_of(c, r, text), fields_of(c, r, &id)};
    if (!build_plan(&c->message, m.root, &options, e))
        return false;
    struct outgoing o = {&m, write_made, build_is_8bit(m.root), &id};
    return emit(c, r, &o, e);
}
