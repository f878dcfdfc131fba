/* Amazon SES tells of deliveries in JSON, mailed by SNS: the text itself, or a string in the member "Message". */
#include "json/json.h"
#include "mime/report.h"

/* SNS folds long lines, and a footer for people may follow. */
static str whole_json(arena *a, str text)
{
    ptrdiff_t end = str_find(text, S("\n--"));
    text = str_trim(end < 0 ? text : str_first(text, end));
    struct buf b = buf_new(a, text.len);
    for (ptrdiff_t i = 0; i < text.len; i++)
        if (text.ptr[i] != '\n' && text.ptr[i] != '\r')
            buf_byte(&b, text.ptr[i]);
    return buf_str(&b);
}

static str member(struct reading_report *r, const struct jnode *object, const char *name)
{
    str s = report_words(r->mem, jread_string(r->mem, jread_member(object, str_c(name))));
    return s.len ? s : STR_NONE;
}

static void add_recipient(struct reading_report *r, const struct jnode *node, str action)
{
    bool plain = jread_is(node, JSON_STRING);
    struct bounce_recipient *p = report_recipient(r);
    if (!p)
        return;
    p->email = plain ? report_words(r->mem, jread_string(r->mem, node)) : member(r, node, "emailAddress");
    p->action = plain ? action : member(r, node, "action");
    if (!p->action.len)
        p->action = action;
    p->diagnostic = plain ? STR_NONE : member(r, node, "diagnosticCode");
    if (str_starts_nocase(p->diagnostic, S("smtp;")))
        p->diagnostic = str_trim(str_skip(p->diagnostic, 5));
    report_codes(p->diagnostic, &p->status, &p->reply);
    report_codes(plain ? STR_NONE : member(r, node, "status"), &p->status, &(str){0});
}

static void read_mail(struct reading_report *r, const struct jnode *mail)
{
    struct bounce *b = r->out;
    const struct jnode *common = jread_member(mail, S("commonHeaders"));
    str id = header_message_id(r->mem, member(r, common, "messageId"));
    /* The Message-ID that SES put in place of ours has its own id as its left side. */
    b->original_id = id.len ? id : member(r, mail, "messageId");
    b->original_from = member(r, mail, "source");
    b->original_subject = member(r, common, "subject");
    b->original_date = member(r, common, "date");
}

static void all_recipients(struct reading_report *r, const struct jnode *list, str action)
{
    for (const struct jnode *it = jread_first(list); it; it = jread_next(list, it))
        add_recipient(r, it, action);
}

bool report_ses(struct reading_report *r)
{
    struct bounce *b = r->out;
    struct json_fault fault;
    if (!(r->report->evidence & REPORT_SENDER) || !str_starts(str_trim(r->text), S("{")))
        return false;
    const struct jnode *root = jread(r->mem, whole_json(r->mem, r->text), &fault);
    str message = jread_string(r->mem, jread_member(root, S("Message")));
    if (message.len)
        root = jread(r->mem, message, &fault);
    str type = jread_string(r->mem, jread_member(root, S("notificationType")));
    if (!type.len)
        type = jread_string(r->mem, jread_member(root, S("eventType")));
    const struct jnode *bounce = jread_member(root, S("bounce")), *complaint = jread_member(root, S("complaint")),
                       *delivery = jread_member(root, S("delivery"));
    if (str_eq(type, S("Bounce"))) {
        all_recipients(r, jread_member(bounce, S("bouncedRecipients")), S("failed"));
        b->reporting_mta = member(r, bounce, "reportingMTA");
        b->kind = S("dsn");
    } else if (str_eq(type, S("Complaint"))) {
        all_recipients(r, jread_member(complaint, S("complainedRecipients")), STR_NONE);
        b->feedback_type = member(r, complaint, "complaintFeedbackType");
        b->user_agent = member(r, complaint, "userAgent");
        b->kind = S("arf");
        b->class = S("complaint");
    } else if (str_eq(type, S("Delivery"))) {
        all_recipients(r, jread_member(delivery, S("recipients")), S("delivered"));
        b->reporting_mta = member(r, delivery, "reportingMTA");
        b->kind = S("dsn");
    } else {
        return false;
    }
    b->provider = S("amazon ses");
    read_mail(r, jread_member(root, S("mail")));
    return true;
}
