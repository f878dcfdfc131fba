#include "record/read.h"

#define AT(field) offsetof(struct delivery, field)

static const struct member table[DELIVERY_MEMBERS] = {
    [DELIVERY_SUBMISSION_ID] = {S("submissionId"), FORM_NUMBER, AT(submission_id), 0, 1},
    [DELIVERY_LEASE] = {S("lease"), FORM_NAME, AT(lease), 0, 0},
    [DELIVERY_LEASE_PATH] = {S("leasePath"), FORM_PATH, AT(lease_path), 0, 0},
    [DELIVERY_ACCOUNT] = {S("account"), FORM_NAME, AT(account), 0, 0},
    [DELIVERY_RECIPIENT] = {S("recipient"), FORM_NAME, AT(recipient), 0, 0},
    [DELIVERY_MESSAGE_ID] = {S("messageId"), FORM_NAMES, AT(message_id), 0, 0},
    [DELIVERY_STATUS] = {S("status"), FORM_NAME, AT(status), 0, 0},
    [DELIVERY_PHASE] = {S("phase"), FORM_NAME, AT(phase), 0, 0},
    [DELIVERY_CODE] = {S("code"), FORM_NUMBER, AT(code), 0, 0},
    [DELIVERY_ENHANCED_CODE] = {S("enhancedCode"), FORM_TEXT, AT(enhanced_code), 0, 0},
    [DELIVERY_SERVER] = {S("server"), FORM_TEXT, AT(server), 0, 0},
    [DELIVERY_HOST] = {S("host"), FORM_TEXT, AT(host), 0, 0},
    [DELIVERY_PORT] = {S("port"), FORM_NUMBER, AT(port), 0, 0},
    [DELIVERY_SERVER_ID] = {S("serverId"), FORM_TEXT, AT(server_id), 0, 0},
    [DELIVERY_AT] = {S("at"), FORM_TIME, AT(at), 0, 0},
    [DELIVERY_ATTEMPT] = {S("attempt"), FORM_NUMBER, AT(attempt), 0, 0},
    [DELIVERY_RETRY_AT] = {S("retryAt"), FORM_TIME, AT(retry_at), 0, 0},
    [DELIVERY_ERROR_CODE] = {S("errorCode"), FORM_TEXT, AT(error_code), 0, 0},
    [DELIVERY_HINT] = {S("hint"), FORM_TEXT, AT(hint), 0, 0},
    [DELIVERY_DURATION_MS] = {S("durationMs"), FORM_NUMBER, AT(duration_ms), 0, 0},
};

bool delivery_read(const struct reading *r, const struct jnode *root, struct delivery *out)
{
    struct members_found found;
    bool good = members_read(r, root, table, DELIVERY_MEMBERS, 0, out, &found);
    out->known = found.known;
    out->nulls = found.nulls;
    out->unknown = found.unknown;
    if (!good)
        return false;
    static const str ends[] = {S("sent"), S("deferred"), S("failed"), S("uncertain")};
    for (ptrdiff_t i = 0; i < COUNT_OF(ends); i++)
        if (str_eq(ends[i], out->status))
            return out->recipient.len || reading_fault(r, "mail-records(7) tells the form of each member", "a delivery names its recipient");
    return reading_fault(r, "mail-records(7) tells the form of each member", "status must be sent, deferred, failed or uncertain");
}

void record_write_delivery(struct buf *to, const struct delivery *d)
{
    struct jwrite w = {to, true};
    buf_put(to, S("{\"type\":\"delivery\",\"v\":1"));
    members_write(&w, table, DELIVERY_MEMBERS, d, d->known, d->nulls, 0, d->unknown);
    buf_put(to, S("}\n"));
}
