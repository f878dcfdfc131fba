/* What a failure means: by the words of the server that refused, then by its status. */
#include "mime/report.h"

struct meaning {
    const char *words; /* lower case */
    const char *class, *status;
};

/* The first row whose words are there decides: what is special stands before what is general. */
static const struct meaning meanings[] = {
    /* not wanted, though the address may exist */
    {"dmarc", "policy", "5.7.26"},
    {"spf check", "policy", "5.7.23"},
    {"spf fail", "policy", "5.7.23"},
    {"dkim", "policy", "5.7.20"},
    {"unauthenticated", "policy", "5.7.26"},
    {"unauthenticated email", "policy", "5.7.26"},
    {"required authentication level", "policy", "5.7.26"},
    {"sender address rejected", "policy", "5.1.8"},
    {"unroutable sender", "policy", "5.1.8"},
    {"sender domain", "policy", "5.1.8"},
    {"sender rejected", "policy", "5.1.8"},
    {"sender denied", "policy", "5.1.8"},
    {"invalid sender", "policy", "5.1.7"},
    {"recipient address rejected: access denied", "hard", "5.1.1"},
    {"reverse dns", "block", "5.7.25"},
    {"ptr record", "block", "5.7.25"},
    {"invalid rdns", "block", "5.7.25"},
    {"unverifyable", "block", "5.7.25"},
    {"cannot find your hostname", "block", "5.7.25"},
    {"cannot resolve your address", "block", "5.7.25"},
    {"blacklist", "block", "5.7.1"},
    {"blocklist", "block", "5.7.1"},
    {"block list", "block", "5.7.1"},
    {"black list", "block", "5.7.1"},
    {"listed at", "block", "5.7.1"},
    {"listed in", "block", "5.7.1"},
    {"listed by", "block", "5.7.1"},
    {"spamhaus", "block", "5.7.1"},
    {"spamcop", "block", "5.7.1"},
    {"spam", "block", "5.7.1"},
    {"unsolicited", "block", "5.7.1"},
    {"junk mail", "block", "5.7.1"},
    {"reputation", "block", "5.7.1"},
    {"weren't sent", "block", "5.7.1"},
    {"banned", "block", "5.7.1"},
    {"is blocked", "block", "5.7.1"},
    {"been blocked", "block", "5.7.1"},
    {"blocked by", "block", "5.7.1"},
    {"blocked for abuse", "block", "5.7.1"},
    {"blocked using", "block", "5.7.1"},
    {"invalid ip for sending", "block", "5.7.1"},
    {"use the smtp server of your isp", "block", "5.7.1"},
    {"my name was rejected", "block", "5.7.1"},
    {"relay quota", "block", "5.7.1"},
    {"bad sender ip", "block", "5.7.1"},
    {"too many connections", "soft", "4.7.0"},
    {"rate limit", "soft", "4.7.28"},
    {"greylist", "soft", "4.7.1"},
    {"graylist", "soft", "4.7.1"},
    {"virus", "policy", "5.7.1"},
    {"malware", "policy", "5.7.1"},
    {"relay access denied", "policy", "5.7.1"},
    {"relaying", "policy", "5.7.1"},
    {"mail relay", "policy", "5.7.1"},
    {"may not have permission to post", "policy", "5.7.2"},
    {"groups.google.com/support", "policy", "5.7.2"},
    {"not a member of this mailing list", "policy", "5.7.2"},
    /* too large for the mailbox, or for the system */
    {"mailbox full", "full", "5.2.2"},
    {"mailbox is full", "full", "5.2.2"},
    {"mailbox for the recipient is full", "full", "5.2.2"},
    {"mailbox size limit", "full", "5.2.2"},
    {"mailbox exceeds", "full", "5.2.2"},
    {"mailbox over", "full", "5.2.2"},
    {"over quota", "full", "5.2.2"},
    {"overquota", "full", "5.2.2"},
    {"out of storage", "full", "5.2.2"},
    {"exceeded storage", "full", "5.2.2"},
    {"exceeded its storage", "full", "5.2.2"},
    {"exceeded their", "full", "5.2.2"},
    {"quota exceed", "full", "5.2.2"},
    {"exceeded quota", "full", "5.2.2"},
    {"exceeds quota", "full", "5.2.2"},
    {"insufficient storage", "full", "5.2.2"},
    {"insufficient system storage", "soft", "4.3.1"},
    {"disk quota", "full", "5.2.2"},
    {"too large", "policy", "5.3.4"},
    {"too big", "policy", "5.3.4"},
    {"size limit", "policy", "5.3.4"},
    {"size exceed", "policy", "5.3.4"},
    {"length exceed", "policy", "5.2.3"},
    {"line limit", "policy", "5.6.0"},
    {"administrative limit", "policy", "5.2.3"},
    /* no such address */
    {"null mx", "hard", "5.1.10"},
    {"does not accept mail", "hard", "5.1.10"},
    {"not accepting network messages", "hard", "5.3.2"},
    {"mailbox has moved", "hard", "5.1.6"},
    {"has moved", "hard", "5.1.6"},
    {"no longer on server", "hard", "5.1.6"},
    {"please update your address", "hard", "5.1.6"},
    {"account is locked", "other", "5.2.1"},
    {"account has been disabled", "other", "5.2.1"},
    {"mailbox disabled", "other", "5.2.1"},
    {"account is disabled", "other", "5.2.1"},
    {"account that you tried to reach is disabled", "other", "5.2.1"},
    {"is inactive", "other", "5.2.1"},
    {"unknown user", "hard", "5.1.1"},
    {"user unknown", "hard", "5.1.1"},
    {"unknown recipient", "hard", "5.1.1"},
    {"recipient unknown", "hard", "5.1.1"},
    {"unknown local part", "hard", "5.1.1"},
    {"unknown address", "hard", "5.1.1"},
    {"no such user", "hard", "5.1.1"},
    {"no such recipient", "hard", "5.1.1"},
    {"no such mailbox", "hard", "5.1.1"},
    {"no mailbox here", "hard", "5.1.1"},
    {"no mailbox by that name", "hard", "5.1.1"},
    {"no such address", "hard", "5.1.1"},
    {"no such person", "hard", "5.1.1"},
    {"user not found", "hard", "5.1.1"},
    {"user doesn't exist", "hard", "5.1.1"},
    {"doesn't exist", "hard", "5.1.1"},
    {"does not exist", "hard", "5.1.1"},
    {"not exist", "hard", "5.1.1"},
    {"doesn't have a", "hard", "5.1.1"},
    {"recipient not found", "hard", "5.1.1"},
    {"recipientnotfound", "hard", "5.1.1"},
    {"recipnotfound", "hard", "5.1.1"},
    {"recipient name is not recognized", "hard", "5.1.1"},
    {"couldn't be found", "hard", "5.1.1"},
    {"not listed in", "hard", "5.1.1"},
    {"invalid recipient", "hard", "5.1.1"},
    {"invalid mailbox", "hard", "5.1.1"},
    {"invalid user", "hard", "5.1.1"},
    {"mailbox unavailable", "hard", "5.1.1"},
    {"mailbox not found", "hard", "5.1.1"},
    {"address unknown", "hard", "5.1.1"},
    {"bad destination mailbox", "hard", "5.1.1"},
    {"not a valid mailbox", "hard", "5.1.1"},
    {"is not a known user", "hard", "5.1.1"},
    {"check if address is correct", "hard", "5.1.1"},
    {"recipient address rejected.", "hard", "5.1.1"},
    {"host unknown", "hard", "5.1.2"},
    {"unknown host", "hard", "5.1.2"},
    {"host not found, try again", "soft", "4.4.3"},
    {"host not found", "hard", "5.1.2"},
    {"domain not found", "hard", "5.1.2"},
    {"no such domain", "hard", "5.1.2"},
    {"name or service not known", "hard", "5.1.2"},
    {"unrouteable address", "hard", "5.1.2"},
    {"unroutable address", "hard", "5.1.2"},
    {"couldn't find any host", "hard", "5.1.2"},
    {"couldn't find a mail exchanger", "hard", "5.4.4"},
    {"dns lookup failure", "hard", "5.1.2"},
    {"domain does not exist", "hard", "5.1.2"},
    /* for now */
    {"timed out", "soft", "4.4.1"},
    {"timeout", "soft", "4.4.7"},
    {"queue too long", "soft", "4.4.7"},
    {"failing for a long time", "soft", "4.4.7"},
    {"could not deliver for the last", "soft", "4.4.7"},
    {"delivery failed 20 attempts", "soft", "4.4.7"},
    {"could not be delivered for", "soft", "4.4.7"},
    {"was aborted after", "soft", "4.4.7"},
    {"has been delayed", "soft", "4.4.7"},
    {"connection refused", "soft", "4.4.1"},
    {"did not accept our requests to connect", "soft", "4.4.1"},
    {"no route to host", "soft", "4.4.1"},
    {"unreachable", "soft", "4.4.1"},
    {"not reachable", "soft", "4.4.1"},
    {"network error", "soft", "4.4.2"},
    {"lost connection", "soft", "4.4.2"},
    {"loop", "other", "5.4.6"},
    {"too many hops", "other", "5.4.6"},
    {"temporar", "soft", "4.0.0"},
    {"try again", "soft", "4.0.0"},
    {"deferred", "soft", "4.0.0"},
};

/* RFC3463-3, RFC7505, RFC7372: for what the words leave open. A code that ends with a dot stands for all details. */
static const struct {
    const char *code; /* subject and detail */
    const char *class;
} codes[] = {
    {"1.0", "hard"},  {"1.1", "hard"},  {"1.2", "hard"},   {"1.3", "hard"},   {"1.6", "hard"},   {"1.10", "hard"},
    {"1.7", "policy"}, {"1.8", "policy"}, {"2.1", "other"}, {"2.2", "full"},  {"2.3", "policy"}, {"3.1", "soft"},
    {"3.2", "hard"},  {"3.4", "policy"}, {"4.4", "hard"},  {"4.6", "other"}, {"4.7", "soft"},   {"4.1", "soft"},
    {"7.25", "block"}, {"7.", "policy"}, {"6.", "policy"},
};

static str class_of_status(str status)
{
    if (!status.len)
        return STR_NONE;
    if (status.ptr[0] == '4')
        return str_eq(status, S("4.2.2")) ? S("full") : S("soft");
    if (status.ptr[0] != '5')
        return S("delivered");
    str detail = str_skip(status, 2);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        str code = str_c(codes[i].code);
        if (str_eq(detail, code) || (str_ends(code, S(".")) && str_starts(detail, code)))
            return str_c(codes[i].class);
    }
    return STR_NONE;
}

static const struct meaning *find_meaning(arena scratch, str words)
{
    str lower = str_lower(&scratch, words);
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (str_find(lower, str_c(meanings[i].words)) >= 0)
            return &meanings[i];
    return NULL;
}

str report_guess(arena *a, str words)
{
    const struct meaning *m = find_meaning(*a, words);
    return m ? str_c(m->status) : STR_NONE;
}

/* What is temporary is not held against the address or the message. */
static str temporary(const struct bounce_recipient *p, str class)
{
    bool now = str_starts(p->status, S("4")) || (!p->status.len && str_starts(p->reply, S("4"))) || str_eq(p->action, S("delayed"));
    bool keeps = str_eq(class, S("full")) || str_eq(class, S("block"));
    return now && !keeps ? S("soft") : class;
}

str report_class(arena *a, const struct bounce_recipient *p, str notice)
{
    static const char *const good[] = {"delivered", "relayed", "expanded"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (str_eq(p->action, str_c(good[i])))
            return S("delivered");
    str status = p->status;
    if (!status.len || str_ends(status, S(".0.0")))
        report_codes(p->diagnostic, &status, &(str){0});
    if (str_eq(status, S("5.1.7")) || str_eq(status, S("5.1.8"))) /* whose address "does not exist" is the sender's */
        return S("policy");
    const struct meaning *m = find_meaning(*a, p->diagnostic);
    if (m)
        return temporary(p, str_c(m->class));
    str class = class_of_status(status);
    if (class.len)
        return temporary(p, class);
    m = find_meaning(*a, notice);
    return temporary(p, m ? str_c(m->class) : S("other"));
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

/* "5.1.1" at s: its length, 0: none. */
static ptrdiff_t status_at(str s)
{
    ptrdiff_t i = 0;
    if (s.len < 5 || !(s.ptr[0] == '2' || s.ptr[0] == '4' || s.ptr[0] == '5'))
        return 0;
    for (i = 1; i < s.len && s.ptr[i] == '.' && i < 6;) {
        ptrdiff_t from = ++i;
        while (i < s.len && is_digit(s.ptr[i]))
            i++;
        if (i == from || i - from > 3)
            return 0;
        if (from > 2)
            break;
    }
    bool three = i > 3 && str_find_byte(str_slice(s, 2, i), '.') > 0;
    bool goes_on = i < s.len && (is_digit(s.ptr[i]) || (s.ptr[i] == '.' && i + 1 < s.len && is_digit(s.ptr[i + 1])));
    return three && !goes_on ? i : 0;
}

static bool is_reply(str s)
{
    if (s.len < 3 || !(s.ptr[0] == '4' || s.ptr[0] == '5') || s.ptr[1] < '0' || s.ptr[1] > '7' || !is_digit(s.ptr[2]))
        return false;
    return s.len == 3 || strchr(" -:,;]'\"\n", s.ptr[3]);
}

void report_codes(str s, str *status, str *reply)
{
    *reply = STR_NONE;
    str found = STR_NONE;
    for (ptrdiff_t i = 0; i < s.len; i++) {
        char before = i ? s.ptr[i - 1] : ' ';
        if (is_digit(before) || before == '.' || (before | 32) == 'v')
            continue;
        str rest = str_skip(s, i);
        ptrdiff_t n = found.len ? 0 : status_at(rest);
        if (n)
            found = str_first(rest, n);
        else if (!reply->len && !is_letter(before) && before != '-' && is_reply(rest))
            *reply = str_first(rest, 3);
    }
    if (found.len || !status->len)
        *status = found;
}

str report_worst(arena *a, const struct bounce *b, str notice)
{
    static const char *const order[] = {"hard", "block", "policy", "full", "other", "soft", "delivered"};
    for (size_t k = 0; k < sizeof order / sizeof *order; k++)
        for (ptrdiff_t i = 0; i < b->n_recipients; i++)
            if (str_eq(b->recipient[i].class, str_c(order[k])))
                return str_c(order[k]);
    const struct meaning *m = find_meaning(*a, notice);
    return m ? str_c(m->class) : S("other");
}
