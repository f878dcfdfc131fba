#include "tap.h"

#include "codec/codec.h"
#include "sign/sign.h"
#include "sys/sys.h"

#include <sys/wait.h>
#include <unistd.h>

static arena mem;
static char folder[] = "/tmp/mailpipe-sign-XXXXXX";

/* ---- files and commands ------------------------------------------------------------------------------------- */

static char *path_of(const char *name) { return str_z(&mem, str_fmt(&mem, "%s/%s", folder, name)); }

static void write_file(const char *name, str text)
{
    struct err e = {0};
    if (!file_replace(path_of(name), text, 0600, &e))
        fprintf(stderr, "# %s\n", e.text);
}

static str read_file(const char *name)
{
    struct err e;
    str text = STR_NONE;
    file_read(&mem, path_of(name), 1 << 26, &text, &e);
    return text;
}

/* A command in the folder, what it says in said; whether it exits with 0. TOP is where the test was started. */
static bool run(const char *command)
{
    char line[4096], top[2048];
    if (!getcwd(top, sizeof top))
        return false;
    snprintf(line, sizeof line, "cd %s && TOP=%s && { %s; } >said 2>&1", folder, top, command);
    int status = system(line);
    bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!good)
        fprintf(stderr, "# %s: %.*s\n", command, STR_ARG(read_file("said")));
    return good;
}

static bool have(const char *command)
{
    char line[300];
    snprintf(line, sizeof line, "{ %s; } >/dev/null 2>&1", command);
    return system(line) == 0;
}

/* ---- DKIM ----------------------------------------------------------------------------------------------------- */

static struct dkim_key *rsa, *ed;

static void make_keys(void)
{
    struct err e = {0};
    ok(run("openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem || "
           "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem; openssl genpkey -algorithm ED25519 -out ed.pem; "
           "{ printf 'r._domainkey.example.com v=DKIM1; k=rsa; p='; openssl pkey -in rsa.pem -pubout -outform DER | base64 -w0; "
           "printf '\\ne._domainkey.example.com v=DKIM1; k=ed25519; p='; openssl pkey -in ed.pem -pubout -outform DER | tail -c 32 | "
           "base64 -w0; echo; } >keys"),
       "keys are made");
    rsa = dkim_key_read(&mem, read_file("rsa.pem"), S("rsa.pem"), &e);
    ed = dkim_key_read(&mem, read_file("ed.pem"), S("ed.pem"), &e);
    ok(rsa && ed, "both keys are read");
}

static bool sign_split(str message, ptrdiff_t at, const struct dkim_signer *signers, int n, str *out, struct err *e)
{
    struct buf b = buf_new(&mem, 4096);
    struct dkim *d = dkim_begin(&mem, signers, n, 1767225600);
    dkim_put(d, str_first(message, at));
    dkim_put(d, str_skip(message, at));
    bool good = dkim_end(d, &b, e);
    *out = buf_str(&b);
    return good;
}

static str sign(str message, const struct dkim_key *key)
{
    struct dkim_signer s = {.domain = S("example.com"), .selector = key == ed ? S("e") : S("r"), .key = key};
    struct err e = {0};
    str fields;
    return sign_split(message, message.len, &s, 1, &fields, &e) ? fields : str_fmt(&mem, "! %s", e.text);
}

/* What stands between two marks. */
static str between(str s, const char *from, const char *to)
{
    ptrdiff_t start = str_find(s, str_c(from));
    if (start < 0)
        return STR_NONE;
    s = str_skip(s, start + (ptrdiff_t)strlen(from));
    return str_first(s, str_find(s, str_c(to)));
}

static void body_hashes(void)
{
    static const struct {
        const char *body, *hash;
    } cases[] = {
        {"", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}, /* RFC6376-3.4.4 */
        {"\r\n\r\n", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},
        {" \t\r\n  ", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},
        {"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n", "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8="}, /* RFC8463-A */
        {"Hi. \n\n\t \nWe lost  the game. \t Are you hungry yet?\n\nJoe.\n\n\r\n \n", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        str fields = sign(str_fmt(&mem, "From: a@example.com\r\n\r\n%s", cases[i].body), ed);
        if (cases[i].hash)
            is_str(between(fields, "bh=", ";"), str_c(cases[i].hash), "hash of body %zu", i);
    }
    static const char *const same[][2] = {
        {" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"}, /* RFC6376-3.4.5 */
        {"a\nb", "a\r\nb\r\n"},
        {"a\r \r\n", "a\r\r\n"},
        {"\ta  b\t\r\n", " a b\r\n"},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        is_str(between(sign(str_fmt(&mem, "From: a\r\n\r\n%s", same[i][0]), ed), "bh=", ";"),
               between(sign(str_fmt(&mem, "From: a\r\n\r\n%s", same[i][1]), ed), "bh=", ";"), "body %zu relaxes to the same", i);
    ok(!str_eq(between(sign(S("From: a\r\n\r\na b\r\n"), ed), "bh=", ";"), between(sign(S("From: a\r\n\r\nab\r\n"), ed), "bh=", ";")),
       "but a space between words counts");
}

static const char plain[] = "Received: from here\r\nFROM:  Ann\t <ann@example.com> \r\nTo: a@example.com,\r\n\t b@example.com\r\nResent-To: c@example.com\r\nResent-To: d@example.com\r\n"
                            "subject: Hello\r\n  there \r\nX-Other: no\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\n"
                            "List-Unsubscribe: <https://example.com/u>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
                            "Bcc: secret@example.com\r\n\r\nHello  \r\n\r\n world \r\n\r\n\r\n";

static void header_names(void)
{
    str fields = sign(str_c(plain), ed);
    struct buf names = buf_new(&mem, 200);
    str h = between(fields, "h=", ";");
    for (ptrdiff_t i = 0; i < h.len; i++)
        if ((unsigned char)h.ptr[i] > ' ')
            buf_byte(&names, h.ptr[i]);
    is_str(buf_str(&names), S("From:From:To:To:Subject:Subject:Date:Date:Resent-To:Resent-To:List-Unsubscribe:List-Unsubscribe-Post"),
           "what is signed, once more than it stands where a second one would show");
    ok(str_find(fields, S("l=")) < 0 && str_find(fields, S("x=")) < 0, "neither l= nor x=");
    ok(str_starts(fields, S("DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;")) && str_ends(fields, S("\r\n")), "the field is whole");
    struct dkim_signer s = {.domain = S("example.com"), .selector = S("e"), .key = ed, .lifetime_s = 86400};
    struct err e;
    ok(sign_split(str_c(plain), 0, &s, 1, &fields, &e) && str_find(fields, S("t=1767225600; x=1767312000;")) > 0, "a lifetime");
    bool narrow = true;
    for (str rest = sign(str_c(plain), rsa), line; rest.len;) {
        str_cut(rest, '\n', &line, &rest);
        narrow &= line.len <= 79;
    }
    ok(narrow, "no line over 78 characters");
}

static void splits(void)
{
    struct dkim_signer both[2] = {{.domain = S("example.com"), .selector = S("r"), .key = rsa},
                                  {.domain = S("example.com"), .selector = S("e"), .key = ed}};
    struct err e;
    str whole, part;
    bool same = true;
    sign_split(str_c(plain), sizeof plain - 1, both, 2, &whole, &e);
    for (ptrdiff_t at = 0; at < (ptrdiff_t)sizeof plain; at++) {
        arena before = mem;
        same &= sign_split(str_c(plain), at, both, 2, &part, &e) && str_eq(whole, part);
        mem = before;
    }
    ok(same, "split at each octet: the same signatures");
}

static void dkim_faults(void)
{
    struct err e = {0};
    is_str(sign(S("To: a@example.com\r\n\r\nx"), ed), S("! the message has no From, which DKIM must sign"), "no From");
    is_str(sign(S("From: a\r\nno field\r\n\r\nx"), ed), S("! line 2 of the message's header is no field"), "a line that is no field");
    is_str(sign(S(" From: a\r\n\r\nx"), ed), S("! line 1 of the message's header is no field"), "a fold that continues nothing");
    str huge = str_of(ARENA_ARRAY(&mem, char, DKIM_HEADER + (1 << 17)), DKIM_HEADER + (1 << 17));
    memset((char *)huge.ptr, 'x', (size_t)huge.len);
    memcpy((char *)huge.ptr, "From: ", 6);
    is_str(sign(huge, ed), S("! the header has more than 10485760 octets and is not signed"), "a header without end");
    ok(!dkim_key_read(&mem, S("secret"), S("k.pem"), &e) && e.class == ERR_CONFIG && str_find(str_c(e.text), S("k.pem")) >= 0 &&
           str_find(str_c(e.text), S("secret")) < 0,
       "what is no key is refused, and not told");
    ok(run("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem; openssl pkey -in rsa.pem -aes128 "
           "-passout pass:x -out locked.pem; openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:512 -out short.pem"),
       "keys that do not fit");
    ok(!dkim_key_read(&mem, read_file("ec.pem"), S("ec.pem"), &e), "a key of another kind");
    ok(!dkim_key_read(&mem, read_file("short.pem"), S("short.pem"), &e), "an RSA key of 512 bits");
    ok(!dkim_key_read(&mem, read_file("locked.pem"), S("locked.pem"), &e), "a key with a passphrase, without asking for it");
    static const char *const good[] = {"a", "example.com", "s1._x", "xn--mnchen-3ya.de"}, *const bad[] = {"", ".", "a.", ".a", "a..b", "a b", "a;b", "m\xC3\xBC.de"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ok(dkim_name_is_good(str_c(good[i])), "%s is a name", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ok(!dkim_name_is_good(str_c(bad[i])), "\"%s\" is none", bad[i]);
}

/* Messages whose canonical form is not that as they stand. */
static const char *const odd[] = {
    plain,
    "From: a@example.com\r\n\r\n",
    "From: a@example.com\r\nSubject:\r\nTo:x\r\n\r\n\r\n\r\nbody\r\n",
    "From: a@example.com\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n =?utf-8?q?s?=\r\n\r\n\t \r\nx\t\t y \r\n \r\n",
    "From: \"A \\\"B\\\"\"\r\n\t<a@example.com>\r\nContent-Type: text/plain;\r\n\tcharset=utf-8\r\nMIME-Version:1.0\r\n\r\n\xC3\xA9\xC3\xA8 \r\n.\r\n..\r\n",
    "From: a@example.com\r\n\r\n\r\nno line end", /* opendkim -t takes such a message for unsigned */
};
enum { ODD = sizeof odd / sizeof *odd };

static void verified(void)
{
    struct dkim_signer both[2] = {{.domain = S("example.com"), .selector = S("r"), .key = rsa, .lifetime_s = INT32_MAX},
                                  {.domain = S("example.com"), .selector = S("e"), .key = ed}};
    char name[32];
    struct err e;
    str fields;
    write_file("opendkim.conf", str_fmt(&mem, "Mode v\nTestDNSData file:%s/keys\n", folder));
    for (int i = 0; i < ODD; i++) {
        str message = str_c(odd[i]);
        sign_split(message, message.len, both, 2, &fields, &e);
        snprintf(name, sizeof name, "both%d.eml", i);
        write_file(name, str_fmt(&mem, "%.*s%s", STR_ARG(fields), odd[i]));
        snprintf(name, sizeof name, "rsa%d.eml", i);
        write_file(name, str_fmt(&mem, "%.*s%s", STR_ARG(sign(message, rsa)), odd[i]));
    }
    if (!have("/usr/bin/python3 -c 'import dkim, nacl'"))
        skip("needs python3-dkim and python3-nacl");
    else
        for (int i = 0; i < ODD; i++) {
            char command[200];
            snprintf(command, sizeof command, "\"$TOP/tests/cli/dkim-verify\" keys both%d.eml && grep -q '2 signatures hold' said", i);
            ok(run(command), "dkimpy: RSA and Ed25519 signatures of message %d hold", i);
        }
    if (!have("PATH=$PATH:/usr/sbin command -v opendkim"))
        skip("needs opendkim");
    else
        for (int i = 0; i < ODD - 1; i++) {
            char command[200];
            snprintf(command, sizeof command, "PATH=$PATH:/usr/sbin opendkim -x opendkim.conf -t rsa%d.eml; grep -q succeeded said", i);
            ok(run(command), "opendkim: the RSA signature of message %d holds", i);
        }
}

/* A field that is added, or a word that is changed, breaks the signature. */
static void broken(void)
{
    static const char *const changes[] = {"s/^subject: Hello/Subject: Jello/", "s/^X-Other.*/From: eve@example.com/", "s/^X-Other.*/Subject: other/",
                                          "s/^ world/ word/", "$a more"};
    if (!have("/usr/bin/python3 -c 'import dkim, nacl'")) {
        skip("needs python3-dkim and python3-nacl");
        return;
    }
    write_file("plain.eml", str_fmt(&mem, "%.*s", STR_ARG(read_file("both0.eml"))));
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char command[300];
        snprintf(command, sizeof command, "sed '%s' plain.eml >changed.eml && ! cmp -s plain.eml changed.eml && ! \"$TOP/tests/cli/dkim-verify\" keys changed.eml",
                 changes[i]);
        ok(run(command), "%s breaks the signature", changes[i]);
    }
}

/* ---- S/MIME --------------------------------------------------------------------------------------------------- */

static const char mail[] = "From: ann@example.com\r\nContent-Type: text/plain; charset=utf-8\r\nSubject: Hi\r\nMIME-Version: 1.0\r\n"
                           "Content-Transfer-Encoding: quoted-printable\r\nTo: bob@example.com\r\n\r\nHello =C3=A9,\r\n\r\nbye  =\r\n\r\n";
static const char content[] = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nHello =C3=A9,\r\n\r\nbye  =\r\n\r\n";

static bool make_certificates(void)
{
    return run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.pem && "
               "for n in ann bob; do kind=rsa:2048; [ $n = ann ] || kind='ec -pkeyopt ec_paramgen_curve:P-256'; "
               "openssl req -newkey $kind -nodes -subj /CN=$n -keyout $n.key -out $n.csr && "
               "printf 'keyUsage=digitalSignature,keyEncipherment,keyAgreement\\nextendedKeyUsage=emailProtection\\nsubjectAltName=email:%s@example.com\\n' $n >ext && "
               "openssl x509 -req -in $n.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out $n.pem || exit 1; done && "
               "openssl x509 -req -in bob.csr -CA ca.pem -CAkey ca.key -days -1 -out old.pem && cat ann.pem ca.pem >chain.pem");
}

static void signed_and_encrypted(const char *who, const char *pem)
{
    struct err e = {0};
    str signed_mail, secret_mail = STR_NONE;
    char key[32], command[400];
    snprintf(key, sizeof key, "%s.key", who);
    struct smime_signer *s = smime_signer_read(&mem, read_file(pem), read_file(key), S("ann.pem"), &e);
    if (!ok(s && smime_sign(&mem, s, str_c(mail), &signed_mail, &e), "%s signs", who)) {
        fprintf(stderr, "# %s\n", e.text);
        return;
    }
    write_file("signed.eml", signed_mail);
    snprintf(command, sizeof command, "openssl cms -verify -in signed.eml -CAfile ca.pem -signer who.pem -out content && cmp who.pem %s.pem", who);
    ok(run(command), "openssl cms verifies what %s signed", who);
    is_str(read_file("content"), str_c(content), "the signed part is the content, octet for octet");
    ok(str_starts(signed_mail, S("From: ann@example.com\r\nSubject: Hi\r\nTo: bob@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/signed;")),
       "the other fields stay outside");
    ok(str_find(signed_mail, S("micalg=sha-256")) > 0, "micalg");
    ok(run("sed 's/Hello/Hallo/' signed.eml >broken.eml; ! openssl cms -verify -in broken.eml -CAfile ca.pem -out /dev/null"),
       "a changed word breaks it");

    struct smime_recipients *r = smime_recipients_new(&mem);
    ok(smime_recipients_add(r, read_file("ann.pem"), S("ann.pem"), &e) && smime_recipients_add(r, read_file("bob.pem"), S("bob.pem"), &e) &&
           smime_encrypt(&mem, r, signed_mail, &secret_mail, &e),
       "encrypted for RSA and EC");
    write_file("secret.eml", secret_mail);
    ok(str_find(secret_mail, S("Hello")) < 0, "the text is hidden");
    for (int i = 0; i < 2; i++) {
        const char *reader = i ? "bob" : "ann";
        snprintf(command, sizeof command, "openssl cms -decrypt -in secret.eml -recip %s.pem -inkey %s.key -out open.eml && "
                                          "openssl cms -verify -in open.eml -CAfile ca.pem -out content", reader, reader);
        ok(run(command), "%s opens it, and the signature inside holds", reader);
        is_str(read_file("content"), str_c(content), "and finds the content");
    }
    ok(run("openssl cms -cmsout -print -in secret.eml | grep -q aes-256-cbc"), "by AES-256");
    smime_recipients_free(r);
    smime_signer_free(s);
}

static void smime_faults(void)
{
    struct err e = {0};
    str out = STR_NONE;
    ok(!smime_signer_read(&mem, read_file("ann.pem"), read_file("bob.key"), S("ann.pem"), &e) && e.class == ERR_CONFIG, "a key of another certificate");
    ok(!smime_signer_read(&mem, read_file("old.pem"), read_file("bob.key"), S("old.pem"), &e) && str_find(str_c(e.text), S("expired")) > 0, "an expired one");
    ok(!smime_signer_read(&mem, read_file("bob.key"), read_file("bob.key"), S("bob.key"), &e), "no certificate");
    ok(!smime_signer_read(&mem, read_file("ann.pem"), S("x"), S("ann.pem"), &e), "no key");
    struct smime_recipients *r = smime_recipients_new(&mem);
    ok(!smime_encrypt(&mem, r, str_c(mail), &out, &e), "nobody to encrypt for");
    ok(!smime_recipients_add(r, S("x"), S("x"), &e) && !smime_recipients_add(r, read_file("old.pem"), S("old.pem"), &e), "no or an old certificate of a recipient");
    smime_recipients_free(r);
    struct smime_signer *s = smime_signer_read(&mem, read_file("chain.pem"), read_file("ann.key"), S("ann.pem"), &e);
    ok(s && !smime_sign(&mem, s, S("From: a\r\n\r\ncaf\xC3\xA9\r\n"), &out, &e) && !strcmp(e.code, "smime.8bit"), "8-bit content is not signed");
    ok(smime_sign(&mem, s, S("From: a\nContent-Type: text/plain\n\nx\ny"), &out, &e), "bare line feeds");
    write_file("signed.eml", out);
    ok(run("openssl cms -verify -in signed.eml -CAfile ca.pem -out /dev/null"), "are signed as the CRLF that SMTP makes of them");
    bool crlf = true;
    for (ptrdiff_t i = 0; i < out.len; i++)
        crlf &= out.ptr[i] != '\n' || (i > 0 && out.ptr[i - 1] == '\r');
    ok(crlf, "and none is left");
    ok(smime_sign(&mem, s, S("From: a\r\n\r\n"), &out, &e) && smime_sign(&mem, s, S("From: a"), &out, &e), "a message without a body");
    smime_signer_free(s);
}

int main(void)
{
    mem = arena_new((size_t)1 << 32);
    if (!mkdtemp(folder))
        return 1;
    make_keys();
    body_hashes();
    header_names();
    splits();
    dkim_faults();
    verified();
    broken();
    if (ok(make_certificates(), "certificates are made")) {
        signed_and_encrypted("ann", "chain.pem");
        signed_and_encrypted("bob", "bob.pem");
        smime_faults();
    }
    dkim_key_free(rsa);
    dkim_key_free(ed);
    char remove[100];
    snprintf(remove, sizeof remove, "rm -r %s", folder);
    return system(remove) ? 1 : done();
}
