/* Parts of mail-compose: templates (template.c) and signatures (sign.c), as the composing of a message calls them. */
#ifndef COMPOSE_PARTS_H
#define COMPOSE_PARTS_H

#include "config/config.h"
#include "record/record.h"
#include "sys/sys.h"
#include "template/template.h"

/* ---- templates ------------------------------------------------------------------------------------------ */

struct compose_template {
    struct template_file file; /* name, kind, … as they stand */
    const struct template *subject, *text, *html; /* NULL: the file has none */
};

/* The folder of the templates: -T DIR, else `templates` beside the configuration's file. */
str compose_template_folder(arena *a, const struct config *c, const char *dir);

/* Read FOLDER/NAME. Neither '/' nor a leading dot in a name. account: for whom it shall be used; STR_NONE does not ask. {{> other}} is the
 * same part (text or html) of the template `other`. The result lives in the arena. Class missing (66): no such template, the sentence names the folder; usage (64): it belongs to
 * another account; configuration (78): it does not parse, the sentence has path and line. */
bool compose_template_load(arena *a, str folder, str name, str account, struct compose_template *out, struct err *e);

/* What a template sees. Of equal names `sets` go before `data`, and both before what is built in, object members one by one:
 *   {{email.…}}                         the record that is replied to: {{email.from.name}}, {{email.subject}}; and {{email.baseSubject}},
 *                                       which has no Re: and Fwd:
 *   {{account.name}} .email .displayName .department    of the account that sends; displayName is the address where it is not set
 *   {{date}}                                        today in TZ, 2026-08-22
 * and last the defaults of the template's own Variables. */
struct compose_values {
    const struct config *config;
    str account;                /* may be STR_NONE */
    str data;                   /* one JSON object (--data, or a member of a request), or STR_NONE */
    struct strs sets;           /* "key=value", "a.b=value" (--set) */
    const struct email *replied; /* or NULL */
};

/* --data FILE as compose_values.data. Class missing where there is no file, input (65) where it holds no JSON object. */
bool compose_data_read(arena *a, const char *path, str *data, struct err *e);

struct compose_rendered {
    str subject; /* one line, without control characters; STR_NONE: the template has none */
    str text;    /* UTF-8, lines end as in the template; STR_NONE: it has none (make it from html) */
    str html;    /* likewise; STR_NONE: it has none */
};

/* Class input (65) for a value that is missing or no text; the sentence names template, line and variable. */
bool compose_render(arena *a, const struct compose_template *t, const struct compose_values *v, struct compose_rendered *out,
                    struct err *e);

/* The verb: `mail-compose templates [-C FILE] [-T DIR] [-a ACCOUNT] [NAME…]`: a `template` record for each, and what is wrong with it:
 * a part that does not parse, a variable that is not declared. argv[0] is the verb; config_path: -C before it, or NULL. The exit code: 0,
 * 66 no such template, 78 something is wrong. */
int templates_main(const char *config_path, int argc, char **argv);

/* ---- signatures ----------------------------------------------------------------------------------------- */

/* What the command line says of S/MIME; zero: what the account says. */
enum compose_choice { COMPOSE_BY_ACCOUNT, COMPOSE_YES, COMPOSE_NO };
struct compose_crypto {
    enum compose_choice sign;   /* --sign, --no-sign; the account's smime.sign */
    enum compose_choice encrypt; /* --encrypt; by the account: never */
    struct strs certificates;   /* --certificate FILE: encrypt for these, and not by the recipients' addresses */
    bool no_dkim;               /* --no-dkim */
};

/* The keys of one account, read once and used for all its messages. */
struct compose_signer;
/* NULL with *e: a key is missing, open to others, or of the wrong form. `how` must outlive it. */
struct compose_signer *compose_signer_open(arena *run, const struct config *c, str account, const struct compose_crypto *how,
                                           struct err *e);
void compose_signer_close(struct compose_signer *s);

/* Whether the parts of the message must be 7 bit (no 8bit transfer encoding), because S/MIME signs them: RFC 8551 3.1.3. */
bool compose_signer_7bit(const struct compose_signer *s);

/* Nothing is asked for: compose_sign would give the message back as it is. */
bool compose_signer_idle(const struct compose_signer *s);

/* DKIM alone is asked for: the message need not be held. Then: begin, dkim_put of it all, dkim_end gives the fields that stand before it
 * (sign/sign.h). */
bool compose_signer_streams(const struct compose_signer *s);
struct dkim;
struct dkim *compose_dkim_begin(arena *a, const struct compose_signer *s);

/* The message as it goes out: S/MIME signed, then encrypted, then with a DKIM-Signature in front, each where it was asked for. message:
 * a whole message with CRLF line ends; recipients: addr-specs, for whom it is encrypted (smime.folder has ADDRESS.pem, in lower case; the
 * sender's own certificate is added). The result is message itself where nothing was asked for. Class missing: no certificate. */
bool compose_sign(arena *a, struct compose_signer *s, const struct strs *recipients, str message, str *out, struct err *e);

#endif
