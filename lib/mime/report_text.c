/* Notices for people, from programs that send no report for programs: tables of their forms, and how lines name recipients. */
#include "mime/report.h"

/* ---- tables ---- */

/* What such a notice says, in lower case, with whose form it is: the first row that is there names the provider. */
static const struct {
    const char *words, *provider;
} notices[] = {
    {"this is the qmail-send program", "qmail"},
    {"dragonfly mail agent", "dragonfly"},
    {"this is the mail system at host", "postfix"},
    {"this is the postfix program", "postfix"},
    {"--- the header of the original message is following", "1&1"},
    {"\xd1\x81\xd0\xb5\xd1\x80\xd0\xb2\xd0\xb5\xd1\x80\xd0\xbe\xd0\xbc mail.ru", "mail.ru"},
    {"included is a copy of the message header:", "mxlogic"},
    {"this message was created automatically by mail delivery software", "exim"},
    {"this message was created automatically by mail delivery system", "zoho"},
    {"incorrectly constructed:", "exim"},
    {"google tried to deliver your message", "gmail"},
    {"delivery to the following recipient failed", "gmail"},
    {"delivery to the following recipient has been delayed", "gmail"},
    {"groups.google.com/support", "google groups"},
    {"sorry, we were unable to deliver your message to the following address", "yahoo"},
    {"diagnostic information for administrators", "exchange"},
    {"did not reach the following recipient(s)", "exchange"},
    {"did not reach some or all of the intended recipients", "exchange"},
    {"this is the mailer-daemon, please do not reply", "opensmtpd"},
    {"failure reasons", "domino"},
    {"m-filter", "m-filter"},
    {"unable to deliver message to <", "interscan"},
    {"unable to deliver message to:", "mailfoundry"},
    {"could not be delivered because of", "mailmarshal"},
    {"unable to deliver message to the following address", "biglobe"},
    {"original message follows", "imail"},
    {"the following addresses had", "sendmail"},
    {"unsent message follows", "sendmail"},
    {"each of the following recipients was rejected by a remote", "kddi"},
    {"could not be delivered to: <", "kddi"},
    {"an error occurred while trying to deliver the mail", "amazon workmail"},
    {"we had trouble delivering your message", "mailenable"},
    {"was aborted after", "x3"},
    {"error message below:", "verizon"},
    {"not a member of this mailing list", "fml"},
    {"i'm sorry to have to inform you that", "postfix"},
    {"could not be delivered to", ""},
    {"was not delivered to", ""},
    {"unable to deliver", ""},
    {"undeliverable", ""},
    {"delivery has failed", "exchange"},
    {"delivery failed", ""},
    {"delivery failure", ""},
    {"delivery error", ""},
    {"permanent failure", ""},
    {"permanent error", ""},
    {"permanent fatal error", ""},
    {"user unknown", ""},
};

/* Where the returned message begins: how the line before it begins, in lower case. */
static const char *const separators[] = {
    "--- below this line is a copy", "------ this is a copy of", "----- original message", "message headers follow",
    "original message follows", "--- original message follows", "--- the header of the original message", "below is a copy of the original message",
    "----- unsent message follows", "--- enclosed is a copy", "original message headers:", "-------original m", "------- returned message",
    "included is a copy of the message header", "--- the original message", "----- message header follows", "-- message header follows",
};

/* First lines of a header, where nothing else parts the notice from the returned message. */
static const char *const first_fields[] = {"received:", "return-path:", "x-received:", "dkim-signature:"};

/* Lines that name a recipient somewhere behind these words, in lower case. */
static const char *const lead_ins[] = {
    "recipient:", "could not be delivered to:", "unable to deliver message to", "delivering your mail to", "delivery failed 20 attempts:",
    "exceeds allowed size:", "mailbox is full:", "rejected recipient", "rcpt to:", "address:", "email bounced", "original-recipient:",
    "unknown user:", "unknown local-part", "could not find a gateway for", "member of this mailing list", "undeliverable to", "you tried to contact (",
};

/* Addresses before such a line are not those that failed. */
static const char *const heads[] = {"address(es) failed:", "following address(es)", "following addresses", "following recipient"};

static const char *const delays[] = {
    "has been delayed", "warning message only", "warning only", "not yet been delivered", "temporary failure report", "still being retried",
    "message will be retried", "is delayed for more than", "will be retried until",
};

static bool begins_with_any(str lower, const char *const *table, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_starts(lower, str_c(table[i])))
            return true;
    return false;
}

static bool holds_any(str lower, const char *const *table, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_find(lower, str_c(table[i])) >= 0)
            return true;
    return false;
}

#define IN(function, s, table) function((s), (table), sizeof(table) / sizeof *(table))

/* ---- lines ---- */

static str next_line(str *text)
{
    ptrdiff_t end = str_find_byte(*text, '\n');
    str line = str_first(*text, end < 0 ? text->len : end);
    *text = str_skip(*text, end < 0 ? text->len : end + 1);
    return line;
}

/* The beginning of a line in lower case, in the caller's room. */
enum { BEGINNING = 80 };
static str beginning(str line, char room[BEGINNING])
{
    str s = str_first(str_trim(line), BEGINNING);
    for (ptrdiff_t i = 0; i < s.len; i++)
        room[i] = s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? (char)(s.ptr[i] | 32) : s.ptr[i];
    return str_of(room, s.len);
}

str report_notice(str text, str *original)
{
    str rest = text;
    char room[BEGINNING];
    while (rest.len) {
        const char *at = rest.ptr;
        str start = beginning(next_line(&rest), room);
        if (IN(begins_with_any, start, separators)) {
            while (rest.len && (rest.ptr[0] == '\n' || rest.ptr[0] == '-' || rest.ptr[0] == '\r'))
                next_line(&rest);
            *original = rest;
            return str_of(text.ptr, at - text.ptr);
        }
        if (at != text.ptr && IN(begins_with_any, start, first_fields)) {
            *original = str_skip(text, at - text.ptr);
            return str_of(text.ptr, at - text.ptr);
        }
    }
    return text;
}

/* ---- addresses in lines ---- */

static bool is_address(str s)
{
    ptrdiff_t at = str_find_byte(s, '@');
    if (at < 1 || at + 1 >= s.len || s.len > 320 || s.ptr[0] == '/' || s.ptr[0] == '|')
        return false;
    for (ptrdiff_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] <= ' ' || strchr("<>,;\"()[]:\\", s.ptr[i]))
            return false;
    return true;
}

/* The address that s begins with, in <> or bare; what stands behind it. */
static bool address_at(str s, str *address, str *rest)
{
    bool angle = str_starts(s, S("<"));
    ptrdiff_t i = angle;
    while (i < s.len && (unsigned char)s.ptr[i] > ' ' && !strchr("<>,;\"()[]:'", s.ptr[i]))
        i++;
    str found = str_slice(s, angle, i);
    if (angle && (i == s.len || s.ptr[i] != '>'))
        return false;
    *rest = str_skip(s, i + angle);
    while (!angle && str_ends(found, S(".")))
        found = str_first(found, found.len - 1);
    *address = found;
    return is_address(found);
}

static bool address_in(str s, str *address, str *rest)
{
    for (ptrdiff_t i = 0; i < s.len; i++)
        if ((i == 0 || strchr(" <:(\t\"'", s.ptr[i - 1])) && address_at(str_skip(s, i), address, rest))
            return true;
    return false;
}

static str without_marks(str line)
{
    line = str_trim(line);
    while (line.len && strchr("*->\" '\t", line.ptr[0]))
        line = str_skip(line, 1);
    return line;
}

/* Whether what stands behind an address at the start of a line is what stands behind a recipient's. */
static bool follows_recipient(str rest)
{
    static const char *const forms[] = {":", "\"", "on ", "[", "(", "invalid address", "<mailto:", "...", ">", "-", "\\"};
    rest = str_trim(rest);
    if (!rest.len || str_eq(rest, S(",")))
        return true;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (str_starts_nocase(rest, str_c(forms[i])))
            return true;
    return false;
}

/* "550 <a@b>... User unknown": all of it is the server's words. */
static bool behind_code(str line, str *address, str *words)
{
    str rest;
    if (line.len < 5 || (line.ptr[0] != '4' && line.ptr[0] != '5') || line.ptr[3] != ' ')
        return false;
    *words = line;
    return address_at(str_trim(str_skip(line, 4)), address, &rest) && (str_starts(rest, S("...")) || str_starts(rest, S(":")));
}

enum naming { NAMES_NONE, NAMES_BARE, NAMES_LED };

static enum naming naming_of(str line, str *address, str *rest)
{
    str bare = without_marks(line);
    if ((address_at(bare, address, rest) && follows_recipient(*rest)) || behind_code(bare, address, rest))
        return NAMES_BARE;
    for (size_t i = 0; i < sizeof lead_ins / sizeof *lead_ins; i++) {
        ptrdiff_t at = str_find_nocase(str_first(line, 2 * BEGINNING), str_c(lead_ins[i]));
        if (at >= 0)
            return address_in(str_skip(line, at + str_c(lead_ins[i]).len), address, rest) ? NAMES_LED : NAMES_NONE;
    }
    return NAMES_NONE;
}

/* ---- a notice ---- */

static struct bounce_recipient *find(struct bounce *b, str address)
{
    for (ptrdiff_t i = 0; i < b->n_recipients; i++)
        if (str_eq_nocase(b->recipient[i].email, address))
            return &b->recipient[i];
    return NULL;
}

static void failed_recipients(struct reading_report *r)
{
    const struct field *f = header_named(&r->m->header, S("X-Failed-Recipients"), NULL);
    struct header_addresses list = {0};
    if (f)
        header_addresses(r->mem, r->charsets, f->body, &list, NULL);
    for (ptrdiff_t i = 0; i < list.n; i++) {
        struct bounce_recipient *p = find(r->out, list.item[i].email) ? NULL : report_recipient(r);
        if (p)
            p->email = report_words(r->mem, list.item[i].email);
    }
}

/* A line with a reply code or a status, and what follows it up to an empty one; STR_NONE: there is none. */
static str coded_lines(str block)
{
    str found = STR_NONE, rest = block;
    while (rest.len) {
        str line = str_trim(next_line(&rest)), status = STR_NONE, reply = STR_NONE;
        if (!found.ptr) {
            report_codes(line, &status, &reply);
            if (reply.len || status.len)
                found = line;
        } else if (line.len) {
            found.len = line.ptr + line.len - found.ptr;
        } else {
            break;
        }
    }
    return found;
}

/* The first paragraph whose words are known, else the first one. */
static str known_paragraph(arena *a, str block)
{
    str first = STR_NONE;
    while (block.len) {
        ptrdiff_t end = str_find(block, S("\n\n"));
        str paragraph = str_first(block, end < 0 ? block.len : end);
        block = str_skip(block, end < 0 ? block.len : end + 2);
        if (report_guess(a, paragraph).len)
            return paragraph;
        if (!first.len)
            first = str_trim(paragraph);
    }
    return first;
}

/* What stands behind an address before the words begin. */
static str without_colon(str s)
{
    while (s.len && strchr(":. \n\t\"'>,", s.ptr[0]))
        s = str_skip(s, 1);
    return s;
}

static str diagnostic_of(arena *a, str block)
{
    str words = coded_lines(block);
    return without_colon(words.len ? words : known_paragraph(a, block));
}

static void end_recipient(struct reading_report *r, struct bounce_recipient *p, str block)
{
    if (!p || p->diagnostic.len)
        return;
    str words = diagnostic_of(r->mem, block);
    p->diagnostic = report_words(r->mem, words);
    report_codes(words, &p->status, &p->reply);
}

/* Each recipient has what stands between its address and the next one. */
static void read_recipients(struct reading_report *r)
{
    struct bounce_recipient *open = NULL;
    str rest = r->notice, block = STR_NONE;
    bool led = false;
    char room[BEGINNING];
    while (rest.len) {
        str address, behind, line = next_line(&rest);
        enum naming how = naming_of(line, &address, &behind);
        if (how == NAMES_NONE && IN(holds_any, beginning(line, room), heads)) {
            r->out->n_recipients = 0;
            open = NULL;
        }
        if (how == NAMES_NONE || (how == NAMES_BARE && led))
            continue;
        led = led || (how == NAMES_LED && !open);
        struct bounce_recipient *p = find(r->out, address);
        if (p && p == open)
            continue;
        if (open)
            end_recipient(r, open, str_of(block.ptr, line.ptr - block.ptr));
        open = p ? p : report_recipient(r);
        if (!open)
            return;
        open->email = report_words(r->mem, address);
        block = str_skip(r->notice, behind.ptr - r->notice.ptr);
    }
    end_recipient(r, open, block);
}

/* A notice that says nothing of whom: those to whom the message went. */
static void recipients_of_original(struct reading_report *r)
{
    struct header_addresses list = {0};
    header_addresses(r->mem, r->charsets, r->out->original_to, &list, NULL);
    if (list.n != 1 || !is_address(list.item[0].email)) /* it went to others, too */
        return;
    struct bounce_recipient *p = report_recipient(r);
    if (p)
        p->email = report_words(r->mem, list.item[0].email);
}

/* What the whole notice says of its only recipient, where nothing stands with the address. */
static void fill_from_notice(struct reading_report *r, struct bounce_recipient *p)
{
    if (p->status.len || p->reply.len || report_guess(r->mem, p->diagnostic).len)
        return;
    p->diagnostic = report_words(r->mem, diagnostic_of(r->mem, r->notice));
    report_codes(r->notice, &p->status, &p->reply);
}

static void fill(struct reading_report *r, str lower)
{
    str action = IN(holds_any, lower, delays) ? S("delayed") : S("failed");
    for (ptrdiff_t i = 0; i < r->out->n_recipients; i++) {
        struct bounce_recipient *p = &r->out->recipient[i];
        p->action = action;
        if (r->out->n_recipients == 1)
            fill_from_notice(r, p);
        if (!p->status.len)
            p->status = report_guess(r->mem, p->diagnostic);
        if (!p->status.len)
            p->status = str_eq(action, S("delayed")) || str_starts(p->reply, S("4")) ? S("4.0.0") : S("5.0.0");
    }
}

/* Fields of a report in a text: boundaries were broken, or the program knows no better. */
static bool read_fields(struct reading_report *r, str lower)
{
    ptrdiff_t from = str_find(lower, S("reporting-mta:")), other = str_find(lower, S("final-recipient:"));
    if (other < 0)
        return false;
    return report_status(r, str_skip(r->notice, from >= 0 && from < other ? from : other));
}

/* ---- complaints for people ---- */

static bool read_complaint(struct reading_report *r, str lower)
{
    str subject = header_body(&r->m->header, HEADER_SUBJECT);
    bool hotmail = str_starts_nocase(subject, S("complaint about message from"));
    bool apple = str_starts(lower, S("apple mail sent this email to unsubscribe"));
    if (!(hotmail && (r->report->evidence & REPORT_SENDER)) && !apple)
        return false;
    struct header_addresses list = {0};
    str who = apple ? header_body(&r->m->header, HEADER_FROM) : r->out->original_to;
    header_addresses(r->mem, r->charsets, who, &list, NULL);
    struct bounce_recipient *p = list.n == 1 ? report_recipient(r) : NULL;
    if (p)
        p->email = report_words(r->mem, list.item[0].email);
    r->out->provider = apple ? S("apple") : S("hotmail");
    r->out->feedback_type = apple ? S("opt-out") : S("abuse");
    r->out->kind = S("text");
    r->out->class = S("complaint");
    return true;
}

/* Whether the notice is one that is known; whose form it has. */
static bool is_notice(struct reading_report *r, str *provider)
{
    enum { BEHIND = 100 }; /* the line that parts the returned message from it tells, too */
    str lower = str_lower(r->mem, str_first(r->text, r->notice.len + BEHIND));
    for (size_t i = 0; i < sizeof notices / sizeof *notices; i++)
        if (str_find(lower, str_c(notices[i].words)) >= 0) {
            *provider = notices[i].provider[0] ? str_c(notices[i].provider) : STR_NONE;
            return true;
        }
    return false;
}

bool report_text(struct reading_report *r)
{
    unsigned seen = r->report->evidence;
    str lower = str_lower(r->mem, r->notice);
    if (read_complaint(r, lower))
        return true;
    bool known = is_notice(r, &r->out->provider);
    if (!seen || (!known && !(seen & (REPORT_TYPE | REPORT_FAILED))))
        return false;
    if (read_fields(r, lower))
        return true;
    if (!known && !(seen & REPORT_FAILED))
        return false;
    read_recipients(r);
    failed_recipients(r);
    if (!r->out->n_recipients)
        recipients_of_original(r);
    fill(r, lower);
    r->out->kind = S("text");
    return true;
}
