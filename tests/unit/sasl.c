#include "sasl/sasl.h"
#include "tap.h"

static arena mem;

static struct strs words(const char *text)
{
    struct strs list = {0};
    str rest = str_c(text), word;
    while (rest.len) {
        str_cut(rest, ' ', &word, &rest);
        strs_add(&mem, &list, word);
    }
    return list;
}

static void choosing(void)
{
    static const struct {
        const char *offered, *wanted;
        enum sasl_mechanism chosen;
    } cases[] = {
        {"PLAIN LOGIN SCRAM-SHA-1 SCRAM-SHA-256", "", SASL_SCRAM_SHA_256},
        {"LOGIN PLAIN", "auto", SASL_PLAIN},
        {"login", NULL, SASL_LOGIN},
        {"GSSAPI NTLM", "", SASL_NONE},
        {"XOAUTH2 OAUTHBEARER", "", SASL_NONE}, /* a password is no token */
        {"PLAIN XOAUTH2", "XOAUTH2", SASL_XOAUTH2},
        {"PLAIN SCRAM-SHA-256", "plain", SASL_PLAIN},
        {"PLAIN", "SCRAM-SHA-256", SASL_NONE}, /* never less than was asked for */
        {"SCRAM-SHA-256-PLUS", "", SASL_NONE},
        {"", "", SASL_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct strs offered = words(cases[i].offered);
        is_int(sasl_choose(&offered, str_c(cases[i].wanted)), cases[i].chosen, "of '%s' for '%s'", cases[i].offered,
               cases[i].wanted ? cases[i].wanted : "");
    }
    ok(sasl_by_name(S("scram-sha-1")) == SASL_SCRAM_SHA_1 && sasl_by_name(S("CRAM-MD5")) == SASL_NONE, "names");
}

static void simple_ones(void)
{
    struct sasl s;
    struct err e;
    str m;
    sasl_start(&mem, &s, SASL_PLAIN, S("tim"), S("tanstaaftanstaaf"), S("h"), 993);
    ok(sasl_initial(&s, &m), "PLAIN begins");
    is_str(m, S("\0tim\0tanstaaftanstaaf"), "RFC4616-4: without an authorization identity");
    ok(!sasl_answer(&s, S("what?"), &m, &e) && e.class == ERR_LOGIN, "PLAIN has no second message");
    ok(sasl_finish(&s, &e), "PLAIN proves nothing");

    sasl_start(&mem, &s, SASL_LOGIN, S("tim"), S("x y"), S("h"), 993);
    ok(!sasl_initial(&s, &m), "LOGIN waits");
    ok(sasl_answer(&s, S("Username:"), &m, &e), "first prompt");
    is_str(m, S("tim"), "LOGIN: user");
    ok(sasl_answer(&s, S("anything"), &m, &e), "second prompt");
    is_str(m, S("x y"), "LOGIN: secret");
    ok(!sasl_answer(&s, S("more"), &m, &e), "no third");

    sasl_start(&mem, &s, SASL_XOAUTH2, S("someuser@example.com"), S("ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"), S("h"), 993);
    ok(sasl_initial(&s, &m), "XOAUTH2 begins");
    is_str(m, S("user=someuser@example.com\001auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\001\001"), "XOAUTH2: as Google's page has it");
    ok(sasl_answer(&s, S("{\"status\":\"401\"}"), &m, &e) && m.len == 0, "a failure is answered with nothing");
    ok(!sasl_answer(&s, S("again"), &m, &e), "once");

    sasl_start(&mem, &s, SASL_OAUTHBEARER, S("user@example.com"), S("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="), S("server.example.com"), 143);
    ok(sasl_initial(&s, &m), "OAUTHBEARER begins");
    is_str(m, S("n,a=user@example.com,\001host=server.example.com\001port=143\001auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\001\001"),
           "RFC7628-4.1");
    ok(sasl_answer(&s, S("{\"status\":\"invalid_token\"}"), &m, &e), "RFC7628-4.3");
    is_str(m, S("\001"), "a failure is answered with %%x01");
}

struct vector {
    enum sasl_mechanism mechanism;
    const char *nonce, *first, *server_first, *final, *server_final;
};

static const struct vector vectors[] = {
    /* RFC5802-5 */
    {SASL_SCRAM_SHA_1, "fyko+d2lbbFgONRv9qkxdawL", "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
     "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
     "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="},
    /* RFC7677-3 */
    {SASL_SCRAM_SHA_256, "rOprNGfwEbeRWgbNEkqO", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
     "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
     "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
     "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
};

static void begin(struct sasl *s, const struct vector *v, str *m)
{
    sasl_start(&mem, s, v->mechanism, S("user"), S("pencil"), S("h"), 993);
    s->nonce = str_c(v->nonce);
    sasl_initial(s, m);
}

static void scram(const struct vector *v)
{
    struct sasl s;
    struct err e;
    str m;
    const char *name = sasl_name(v->mechanism);
    begin(&s, v, &m);
    is_str(m, str_c(v->first), "%s: client first", name);
    ok(!sasl_finish(&s, &e) && !strcmp(e.code, "sasl.proof"), "%s: success before the proof is none", name);
    ok(sasl_answer(&s, str_c(v->server_first), &m, &e), "%s: server first", name);
    is_str(m, str_c(v->final), "%s: client final", name);
    ok(sasl_next_is_empty(&s), "%s: what follows can be sent along", name);
    ok(!sasl_finish(&s, &e), "%s: the server still owes its proof", name);
    ok(sasl_answer(&s, str_c(v->server_final), &m, &e) && m.len == 0 && !sasl_next_is_empty(&s), "%s: server final", name);
    ok(sasl_finish(&s, &e), "%s: proved", name);
    ok(!sasl_answer(&s, S(""), &m, &e), "%s: nothing may follow", name);

    begin(&s, v, &m);
    sasl_answer(&s, str_c(v->server_first), &m, &e);
    char *bent = str_z(&mem, str_c(v->server_final));
    bent[5] ^= 1;
    ok(!sasl_answer(&s, str_c(bent), &m, &e) && !strcmp(e.code, "sasl.proof"), "%s: a wrong proof", name);
    begin(&s, v, &m);
    sasl_answer(&s, str_c(v->server_first), &m, &e);
    ok(!sasl_answer(&s, S("e=invalid-proof"), &m, &e) && !strcmp(e.code, "sasl.refused"), "%s: the server's refusal", name);
    is_str(str_c(e.server), S("e=invalid-proof"), "%s: in its words", name);
}

static void bad_challenges(void)
{
    static const char *const cases[] = {
        "", "r=", "r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "r=somebody-else,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        "r=rOprNGfwEbeRWgbNEkqOx,s=,i=4096", "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=0", "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=2000001",
        "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=99999999999999999999", "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z", "m=x,r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=1",
        "r=rOprNGfwEbeRWgbNEkqOx,s=!!!,i=4096",
    };
    struct sasl s;
    struct err e;
    str m;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin(&s, &vectors[1], &m);
        ok(!sasl_answer(&s, str_c(cases[i]), &m, &e) && e.class == ERR_LOGIN, "refused: '%s'", cases[i]);
        ok(!strstr(e.text, "pencil") && !strstr(e.server, "pencil"), "without the password");
    }
    begin(&s, &vectors[1], &m);
    char *longer = str_z(&mem, str_fmt(&mem, "%0*d", SASL_MAX_OCTETS + 1, 0));
    ok(!sasl_answer(&s, str_c(longer), &m, &e), "a challenge over the limit");
}

static void names(void)
{
    struct sasl s, other;
    str m;
    sasl_start(&mem, &s, SASL_SCRAM_SHA_256, S("a,b=c"), S("p"), S("h"), 1);
    sasl_initial(&s, &m);
    ok(str_starts(m, S("n,,n=a=2Cb=3Dc,r=")), "RFC5802-5.1: comma and equals sign in a name");
    sasl_start(&mem, &other, SASL_SCRAM_SHA_256, S("u"), S("p"), S("h"), 1);
    sasl_initial(&other, &m);
    ok(!str_eq(s.nonce, other.nonce) && s.nonce.len >= 20, "a nonce is new each time");
}

int main(void)
{
    mem = arena_new(1 << 24);
    choosing();
    simple_ones();
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        scram(&vectors[i]);
    bad_challenges();
    names();
    return done();
}
