#include "config/config.h"

#include "config/section.h"
#include "sys/sys.h"

static const struct config_key keys[] = {
    {"displayName", "the name that people see", CONFIG_TEXT},
    {"email", "its address", CONFIG_ADDRESS},
    {"aliases", "further addresses of its own, separated by commas", CONFIG_TEXT},
    {"accountType", "individual, shared or department", CONFIG_TYPE},
    {"department", "which one", CONFIG_TEXT},
    {"status", "active or inactive: --all leaves inactive ones out, and the queue keeps what they send", CONFIG_STATUS},
    {"mailboxes", "what mail-fetch reads, separated by commas; INBOX where it is not set", CONFIG_TEXT},
    {"autoSync", "yes or no: whether --all reads it", CONFIG_YES_NO},
    {"syncInterval", "seconds between two polls", CONFIG_SECONDS},
    {"maxPerPoll", "messages of one mailbox and run at most", CONFIG_COUNT},
    {"allowPlaintext", "yes or no: log in without TLS", CONFIG_YES_NO},
    {"tlsCaFile", "PEM file of the authorities to trust, instead of the system's", CONFIG_TEXT},
    {"connectTimeout", "seconds until a connection must stand", CONFIG_SECONDS},
    {"responseTimeout", "seconds that a server may be silent", CONFIG_SECONDS},
    {"imap.host", "server to read mail from", CONFIG_HOST},
    {"imap.port", "993 for tls, 143 for starttls where it is not set", CONFIG_PORT},
    {"imap.security", "tls, starttls or none", CONFIG_SECURITY},
    {"imap.user", "login name; the address where it is not set", CONFIG_TEXT},
    {"imap.secret", "where the password is: cmd:COMMAND, env:VARIABLE, file:PATH, keyring:ATTRIBUTE VALUE, netrc:MACHINE; or sealed:", CONFIG_SECRET},
    {"imap.auth", "mechanism to insist on: PLAIN, LOGIN, SCRAM-SHA-256, SCRAM-SHA-1, XOAUTH2, OAUTHBEARER", CONFIG_TEXT},
    {"seal.key", "in [defaults]: cmd:, env: or file: of the key of sealed secrets; else $MAILPIPE_KEY, else seal.key beside this file", CONFIG_SECRET},
    {"window", "the window ([window NAME]) in which its mail may leave; none: at any time", CONFIG_TEXT},
    {"smtp.host", "server to send mail through; several, separated by commas, are tried in order; NAME:PORT, or with lmtp a /path", CONFIG_TEXT},
    {"smtp.port", "465 for tls, 587 for starttls where it is not set", CONFIG_PORT},
    {"smtp.security", "tls, starttls or none; starttls where it is not set and the port is 587 or 25, else tls", CONFIG_SECURITY},
    {"smtp.protocol", "smtp or lmtp (24 and no TLS where it is not said)", CONFIG_TEXT},
    {"smtp.user", "login name; without smtp.secret there is no login", CONFIG_TEXT},
    {"smtp.secret", "as imap.secret", CONFIG_SECRET},
    {"smtp.auth", "as imap.auth", CONFIG_TEXT},
    {"smtp.helo", "name to greet with; that of this machine where it is not set", CONFIG_TEXT},
    {"smtp.extensions", "no: neither PIPELINING nor CHUNKING, for a server that offers what it cannot do", CONFIG_YES_NO},
    {"smtp.pipeline", "messages that may be on their way unanswered, 1 to 64 (16): so many may be uncertain after a cut", CONFIG_COUNT},
    {"smtp.dataTimeout", "seconds that the server may take behind a message (600)", CONFIG_SECONDS},
    {"smtp.maxSize", "octets of a message at most, like 25M, which it is where it is not set", CONFIG_SIZE},
    {"smtp.eightBit", "yes or no: texts may go as 8bit, because its server takes them", CONFIG_YES_NO},
    {"queue.backoff", "seconds until a failed delivery is tried again, doubled each time (300)", CONFIG_SECONDS},
    {"queue.backoffMax", "seconds between two attempts at most (4000)", CONFIG_SECONDS},
    {"queue.maxAttempts", "attempts after which a delivery is given up; without limit where it is not set", CONFIG_COUNT},
    {"queue.lifetime", "seconds after which a delivery is given up (432000, five days)", CONFIG_SECONDS},
    {"queue.undo", "seconds in which what was added can be canceled, before it is sent", CONFIG_SECONDS},
    {"queue.saveSent", "yes or no: keep a copy of what was sent among the emails (yes)", CONFIG_YES_NO},
    {"queue.reportFailures", "yes or no: put a report of what failed into the thread of what was sent (yes)", CONFIG_YES_NO},
    {"queue.grace", "in [defaults]: seconds after which the work of a dead mail-send is taken back (30)", CONFIG_COUNT},
    {"canary.interval", "seconds between two probes of mail-stats canary send; none are sent where it is not set", CONFIG_SECONDS},
    {"canary.to", "address that the probe goes to; its own where it is not set", CONFIG_ADDRESS},
    {"canary.warning", "seconds that a probe may take (900); health.* and canary.* tell mail-stats health when to warn", CONFIG_SECONDS},
    {"canary.critical", "seconds after which a probe is lost (3600)", CONFIG_SECONDS},
    {"health.pollWarning", "times syncInterval without a poll that ended well (6)", CONFIG_COUNT},
    {"health.pollCritical", "the same, critical (24)", CONFIG_COUNT},
    {"health.failuresWarning", "polls in a row that failed (3)", CONFIG_COUNT},
    {"health.failuresCritical", "the same, critical (10)", CONFIG_COUNT},
    {"health.sendWarning", "attempts in a row that did not get as far as a recipient (5)", CONFIG_COUNT},
    {"health.sendCritical", "the same, critical (20)", CONFIG_COUNT},
    {"health.queueWarning", "seconds that mail may be due before a run takes it (900)", CONFIG_SECONDS},
    {"health.queueCritical", "the same, critical (3600)", CONFIG_SECONDS},
    {"health.deferredWarning", "seconds that mail may be tried without success (14400)", CONFIG_SECONDS},
    {"health.deferredCritical", "the same, critical (172800)", CONFIG_SECONDS},
    {"health.certificateWarning", "days until a certificate ends (14)", CONFIG_COUNT},
    {"health.certificateCritical", "the same, critical (3)", CONFIG_COUNT},
    {"health.secretWarning", "days until the file of a secret or key counts as old; never where it is not set", CONFIG_COUNT},
    {"health.diskWarning", "in [defaults]: room on the disk of the store (1G)", CONFIG_SIZE},
    {"health.diskCritical", "in [defaults]: the same, critical (200M)", CONFIG_SIZE},
    {"health.checkWarning", "in [defaults]: days since mail-store check was run, if it ever was (35)", CONFIG_COUNT},
    {"health.clockWarning", "in [defaults]: seconds that rows may be ahead of the clock (300)", CONFIG_SECONDS},
    {"maxAttachment", "octets of an attachment at most, like 25M: mail-compose refuses a larger one; without limit where it is not set", CONFIG_SIZE},
    {"retentionDays", "days after which mail may go; kept for a program that is to come", CONFIG_COUNT},
    {"log.format", "in [defaults]: text, json or syslog: how messages are written", CONFIG_LOG_FORM},
    {"log.level", "in [defaults]: error, warning, info or debug: which messages are written", CONFIG_LOG_LEVEL},
    {"service.host", "in [defaults]: address of a web server for mail-cgi, which is to come", CONFIG_HOST},
    {"service.port", "in [defaults]: its port", CONFIG_PORT},
    {"service.maxWorkers", "in [defaults]: requests that it answers at once", CONFIG_COUNT},
    {"service.poolSize", "in [defaults]: processes that it keeps ready", CONFIG_COUNT},
    {"service.maxConnections", "in [defaults]: connections that it takes", CONFIG_COUNT},
    {"service.idleTimeout", "in [defaults]: seconds after which it closes a silent one", CONFIG_SECONDS},
    {"replyTo", "address for answers, where that is another", CONFIG_TEXT},
    {"signature", "text under its messages; \\n is a line end, @FILE a file beside this one", CONFIG_TEXT},
    {"signatureHtml", "the same for HTML; made from signature where it is not set", CONFIG_TEXT},
    {"footer", "text under the signature", CONFIG_TEXT},
    {"footerHtml", "the same for HTML; made from footer where it is not set", CONFIG_TEXT},
    {"localMail", "address that gets mail to names without a domain, such as root", CONFIG_ADDRESS},
    {"dkim.domain", "domain that signs its mail (d=); that of the address where it is not set", CONFIG_HOST},
    {"dkim.selector", "selector of the key in the DNS (s=); several, separated by commas, for several signatures", CONFIG_TEXT},
    {"dkim.key", "reference to the private key in PEM, RSA or Ed25519; one for each selector", CONFIG_SECRET},
    {"dkim.lifetime", "seconds that a signature is good for (x=); for ever where it is not set", CONFIG_SECONDS},
    {"smime.cert", "PEM file of its certificate and what it is chained to", CONFIG_TEXT},
    {"smime.key", "reference to the private key in PEM", CONFIG_SECRET},
    {"smime.sign", "yes or no: sign all its mail with S/MIME", CONFIG_YES_NO},
    {"smime.folder", "folder with ADDRESS.pem, certificates to encrypt for; certificates/ beside this file where it is not set", CONFIG_TEXT},
};

enum { KEYS = sizeof keys / sizeof *keys, LONGEST = 64 };

const struct config_key *config_keys(ptrdiff_t *n)
{
    *n = KEYS;
    return keys;
}

const struct config_key *config_key(str name)
{
    for (int i = 0; i < KEYS; i++)
        if (str_eq_nocase(str_c(keys[i].name), name))
            return &keys[i];
    return NULL;
}

static char folded(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

static int smallest(int a, int b, int c) { return a < b ? (a < c ? a : c) : b < c ? b : c; }

/* Levenshtein's distance without case. */
static int distance(str a, str b)
{
    int row[LONGEST + 1];
    if (a.len > LONGEST || b.len > LONGEST)
        return LONGEST;
    for (int j = 0; j <= b.len; j++)
        row[j] = j;
    for (ptrdiff_t i = 0; i < a.len; i++) {
        int diagonal = row[0];
        row[0] = (int)i + 1;
        for (ptrdiff_t j = 0; j < b.len; j++) {
            int above = row[j + 1];
            int change = diagonal + (folded(a.ptr[i]) != folded(b.ptr[j]));
            row[j + 1] = smallest(above + 1, row[j] + 1, change);
            diagonal = above;
        }
    }
    return row[b.len];
}

bool key_is_near(str a, str b) { return distance(a, b) <= 2; }

str config_key_near(str name)
{
    int best = 4; /* further away it would be a guess */
    str near = STR_NONE;
    for (int i = 0; i < KEYS; i++) {
        int d = distance(name, str_c(keys[i].name));
        /* "host" and "user" without their protocol are the most common slip. */
        if (str_ends(str_c(keys[i].name), name) && name.len > 3 && best > 1)
            d = 1;
        if (d < best) {
            best = d;
            near = str_c(keys[i].name);
        }
    }
    return near;
}

static bool one_of(str value, const char *words)
{
    str rest = str_c(words), word;
    while (rest.len) {
        str_cut(rest, ' ', &word, &rest);
        if (str_eq(word, value))
            return true;
    }
    return false;
}

static bool has_control(str value)
{
    for (ptrdiff_t i = 0; i < value.len; i++)
        if ((unsigned char)value.ptr[i] < 0x20 || value.ptr[i] == 0x7F)
            return true;
    return false;
}

static bool is_host(str value)
{
    for (ptrdiff_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        bool fine = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80 || strchr(".-:[]_", c);
        if (!fine)
            return false;
    }
    return value.len > 0;
}

static bool is_address(str value)
{
    ptrdiff_t at = str_find_byte(value, '@');
    return at > 0 && at < value.len - 1 && str_find_byte(value, ' ') < 0 && str_find_byte(value, ',') < 0;
}

/* NULL where the value is fine, else what it must be. */
static const char *wanted(enum config_kind kind, str value)
{
    int64_t n;
    switch (kind) {
    case CONFIG_TEXT: return NULL;
    case CONFIG_ADDRESS: return is_address(value) ? NULL : "an address like ann@example.com";
    case CONFIG_HOST: return is_host(value) ? NULL : "a host name or address, without a scheme";
    case CONFIG_PORT: return str_i64(value, 1, 65535, &n) ? NULL : "a port from 1 to 65535";
    case CONFIG_SECURITY: return one_of(value, "tls starttls none") ? NULL : "tls, starttls or none";
    case CONFIG_YES_NO: return one_of(value, "yes no true false on off 1 0") ? NULL : "yes or no";
    case CONFIG_SECONDS: return str_i64(value, 1, 31536000, &n) ? NULL : "a number of seconds";
    case CONFIG_COUNT: return str_i64(value, 1, 1000000000, &n) ? NULL : "a number from 1 on";
    case CONFIG_SIZE: return str_size(value, &n) && n > 0 ? NULL : "a size like 25M";
    case CONFIG_TYPE: return one_of(value, "individual shared department") ? NULL : "individual, shared or department";
    case CONFIG_STATUS: return one_of(value, "active inactive") ? NULL : "active or inactive";
    case CONFIG_LOG_FORM: return prog_is_log_form(value) ? NULL : "text, json or syslog";
    case CONFIG_LOG_LEVEL: return prog_is_log_level(value) ? NULL : "error, warning, info or debug";
    case CONFIG_SECRET: return NULL; /* the caller asks lib/secret */
    }
    return NULL;
}

bool config_key_accepts(const struct config_key *key, str value, struct err *e)
{
    if (has_control(value) || !utf8_valid(value))
        return err_set(e, ERR_USAGE, "config.value", NULL, "the value of %s has control characters or is not UTF-8", key->name);
    const char *want = wanted(key->kind, value);
    return !want || err_set(e, ERR_USAGE, "config.value", NULL, "%s is %s, not \"%.*s\"", key->name, want, STR_ARG(value));
}
