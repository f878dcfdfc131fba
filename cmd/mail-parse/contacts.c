/* --contacts: what lib/contact finds, as the member `extracted`. */
#include "contact/contact.h"
#include "parse.h"

enum { PATTERNS_FILE = 64 << 10 /* octets of --patterns; a longer file is refused */ };

/* Written once before threads begin; read by all. */
static const struct contact_patterns *patterns;

bool contacts_begin(arena *run, const char *file, struct err *e)
{
    str text = STR_NONE;
    if (file && !file_read(run, file, PATTERNS_FILE, &text, e))
        return false;
    patterns = contact_patterns_read(run, text, str_c(file), e);
    return patterns != NULL;
}

static void member(struct jwrite *w, str name, str value)
{
    jwrite_key(w, name);
    jwrite_string(w, value.len ? value : STR_NONE);
}

static str contact_json(arena *a, const struct contact *found)
{
    struct buf to = buf_new(a, 512);
    struct jwrite w = {.to = &to};
    jwrite_object(&w);
    member(&w, S("name"), found->name);
    member(&w, S("company"), found->company);
    jwrite_key(&w, S("phones"));
    jwrite_array(&w);
    for (int i = 0; i < found->n_phones; i++) {
        jwrite_object(&w);
        member(&w, S("number"), found->phone[i].number);
        member(&w, S("text"), found->phone[i].text);
        member(&w, S("kind"), found->phone[i].kind);
        jwrite_end_object(&w);
    }
    jwrite_end_array(&w);
    member(&w, S("signature"), found->signature);
    jwrite_key(&w, S("ids"));
    jwrite_array(&w);
    for (int i = 0; i < found->n_ids; i++) {
        jwrite_object(&w);
        member(&w, S("name"), found->id[i].name);
        member(&w, S("value"), found->id[i].value);
        jwrite_end_object(&w);
    }
    jwrite_end_array(&w);
    jwrite_end_object(&w);
    return buf_str(&to);
}

void contacts_find(arena *a, struct charsets *charsets, const struct mime_message *m, struct email *e)
{
    const struct field *organization = header_named(&m->header, S("Organization"), NULL);
    if (!organization)
        organization = header_named(&m->header, S("Organisation"), NULL);
    struct contact_source source = {.subject = e->subject, .text = e->text};
    if (e->from.n)
        source.name = e->from.item[0].name;
    if (organization)
        source.organization = header_text(a, charsets, organization->body, NULL);
    struct contact found;
    contact_find(a, &source, patterns, &found);
    e->extracted = contact_json(a, &found);
    email_knows(e, EMAIL_EXTRACTED);
}
