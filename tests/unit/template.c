#include "tap.h"

#include "sys/sys.h"
#include "template/template.h"

static arena mem;

static const struct jnode *data_of(const char *json)
{
    struct json_fault fault;
    const struct jnode *n = jread(&mem, str_c(json), &fault);
    if (!n)
        fprintf(stderr, "# test data is no JSON: %s\n", json);
    return n;
}

static struct template_source source_of(const char *text) { return (struct template_source){str_c(text), S("t"), 1}; }

/* What a template gives, or the sentence of its error behind "! ". */
static str made(const char *text, const char *json, unsigned flags)
{
    struct err e = {0};
    struct template_source source = source_of(text);
    const struct template *t = template_parse(&mem, &source, NULL, &e);
    struct buf out = buf_new(&mem, 64);
    if (!t || !template_render(&mem, t, data_of(json), flags, &out, &e))
        return str_fmt(&mem, "! %s", e.text);
    return buf_str(&out);
}

/* ---- the published cases ----------------------------------------------------------------------------------- */

static str member(const struct jnode *object, str name) { return jread_string(&mem, jread_member(object, name)); }

static bool find_in_case(void *with, arena *a, str name, struct template_source *out, struct err *e)
{
    (void)a, (void)e;
    *out = (struct template_source){member(with, name), name, 1};
    return out->text.ptr != NULL;
}

static void published_case(const char *file, const struct jnode *test)
{
    struct template_partials partials = {find_in_case, (void *)jread_member(test, S("partials"))};
    struct template_source source = {member(test, S("template")), S("t"), 1};
    struct err e = {0};
    struct buf out = buf_new(&mem, 64);
    const struct template *t = template_parse(&mem, &source, &partials, &e);
    str name = member(test, S("name"));
    if (!t || !template_render(&mem, t, jread_member(test, S("data")), TEMPLATE_HTML | TEMPLATE_LENIENT, &out, &e))
        out = buf_new(&mem, 0);
    if (!is_str(buf_str(&out), member(test, S("expected")), "%s: %.*s", file, STR_ARG(name)))
        fprintf(stderr, "#     %s\n", e.text);
}

static void published(void)
{
    static const char *const files[] = {"comments", "delimiters", "interpolation", "inverted", "sections"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *path = str_z(&mem, str_fmt(&mem, "../shared/corpora/mustache/%s.json", files[i]));
        struct err e;
        struct json_fault fault;
        str text;
        if (!file_read(&mem, path, 1 << 20, &text, &e)) {
            skip("needs ../shared");
            continue;
        }
        const struct jnode *tests = jread_member(jread(&mem, text, &fault), S("tests"));
        ok(jread_first(tests), "%s has cases", files[i]);
        for (const struct jnode *test = jread_first(tests); test; test = jread_next(tests, test))
            published_case(files[i], test);
    }
}

/* ---- what is ours ------------------------------------------------------------------------------------------- */

static void values(void)
{
    static const struct {
        const char *text, *data, *want;
        unsigned flags;
    } cases[] = {
        {"{{a}}", "{\"a\":\"<b> & 'c' \\\"d\\\"\"}", "<b> & 'c' \"d\"", 0},
        {"{{a}}", "{\"a\":\"<b> & 'c' \\\"d\\\"\"}", "&lt;b&gt; &amp; &#39;c&#39; &quot;d&quot;", TEMPLATE_HTML},
        {"{{{a}}} {{&a}}", "{\"a\":\"<\"}", "< <", TEMPLATE_HTML},
        {"{{a}}", "{\"a\":\"x\\r\\nBcc: y\\u0000\"}", "x  Bcc: y ", TEMPLATE_LINE},
        {"a\n{{a}}", "{}", "! t, line 2: {{a}} has no value", 0},
        {"{{a.b.c}}", "{\"a\":{\"b\":{}}}", "! t, line 1: {{a.b.c}} has no value", 0},
        {"{{a.b}}", "{\"a\":\"x\"}", "! t, line 1: {{a.b}} has no value", 0},
        {"{{#a}}x{{/a}}{{^a}}y{{/a}}", "{}", "y", 0},
        {"{{#a}}x{{/a}}{{^a}}y{{/a}}", "{\"a\":\"\"}", "y", 0},
        {"{{#a}}x{{/a}}{{^a}}y{{/a}}", "{\"a\":0}", "x", 0},
        {"{{#a}}x{{/a}}{{^a}}y{{/a}}", "{\"a\":{}}", "x", 0},
        {"[{{a}}]", "{\"a\":null}", "[]", 0},
        {"[{{a}}]", "{\"a\":false}", "[false]", 0},
        {"[{{a}}]", "{\"a\":[]}", "[]", 0},
        {"{{a}}", "{\"a\":{}}", "! t, line 1: {{a}} is an object", 0},
        {"{{a}}", "{\"a\":[1,2]}", "! t, line 1: {{a}} is a list of several", 0},
        {"{{a}}", "{\"a\":[\"x\"]}", "x", 0},
        {"{{email.from.name}}", "{\"email\":{\"from\":[{\"name\":\"Ann\"}]}}", "Ann", 0},
        {"{{email.to.name}}", "{\"email\":{\"to\":[{\"name\":\"Ann\"},{\"name\":\"Bob\"}]}}",
         "! t, line 1: {{email.to.name}} has no value", 0},
        {"{{#email.to}}{{name}},{{/email.to}}", "{\"email\":{\"to\":[{\"name\":\"Ann\"},{\"name\":\"Bob\"}]}}", "Ann,Bob,", 0},
        {"{{#l}}{{x}}{{y}} {{/l}}", "{\"y\":9,\"l\":[{\"x\":1},{\"x\":2,\"y\":3}]}", "19 23 ", 0},
        {"{{a}}", "{\"a\":\"\\u00e9\\ud83d\\ude00\"}", "\xC3\xA9\xF0\x9F\x98\x80", 0},
        {"{{a}}", "{\"a\":9007199254740993}", "9007199254740993", 0},
        {"{{h\xC3\xA9}}", "{\"h\xC3\xA9\":1}", "1", 0},
        {"", "{}", "", 0},
        {"{ {a} }}", "{}", "{ {a} }}", 0},
        {"{{#a}}\r\nx\r\n{{/a}}\r\n", "{\"a\":1}", "x\r\n", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        is_str(made(cases[i].text, cases[i].data, cases[i].flags), str_c(cases[i].want), "value %zu: %s", i, cases[i].data);
}

static void faults(void)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"{{a", "! t, line 1: a tag has no closing }}"},
        {"\n\n{{{a}}", "! t, line 3: a tag has no closing }}}"},
        {"{{}}", "! t, line 1: a tag has no name"},
        {"{{a b}}", "! t, line 1: a name has no spaces: \"a b\""},
        {"{{a..b}}", "! t, line 1: a part of the name \"a..b\" is empty"},
        {"{{a.}}", "! t, line 1: a part of the name \"a.\" is empty"},
        {"{{.a}}", "! t, line 1: a part of the name \".a\" is empty"},
        {"{{#a}}\n{{#b}}\n{{/a}}", "! t, line 3: {{/a}} stands where {{/b}} of line 2 is expected"},
        {"x\n{{/a}}", "! t, line 2: {{/a}} closes nothing"},
        {"x\n{{#a}}", "! t, line 2: {{#a}} is never closed"},
        {"{{>a}}", "! t, line 1: there is no partial \"a\""},
        {"{{<a}}", "! t, line 1: {{< is no tag that is known here"},
        {"{{=a=}}", "! t, line 1: delimiters are set as {{=<% %>=}}, two words without ="},
        {"{{= <= => =}}", "! t, line 1: delimiters are set as {{=<% %>=}}, two words without ="},
        {"{{=a b c=}}", "! t, line 1: delimiters are set as {{=<% %>=}}, two words without ="},
        {"a\nb\xFF", "! t, line 2: this is not UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        is_str(made(cases[i].text, "{}", 0), str_c(cases[i].want), "fault %zu", i);
}

static bool find_self(void *with, arena *a, str name, struct template_source *out, struct err *e)
{
    (void)e;
    if (!str_eq(name, S("self")) && !str_eq(name, S("wide")))
        return false;
    *out = (struct template_source){str_copy(a, str_c(with)), name, 1};
    return true;
}

static str with_partial(const char *text, const char *partial, const char *json)
{
    char copy[200];
    snprintf(copy, sizeof copy, "%s", partial);
    struct template_partials partials = {find_self, copy};
    struct template_source source = source_of(text);
    struct err e = {0};
    struct buf out = buf_new(&mem, 64);
    const struct template *t = template_parse(&mem, &source, &partials, &e);
    if (!t || !template_render(&mem, t, data_of(json), 0, &out, &e))
        return str_fmt(&mem, "! %s", e.text);
    return buf_str(&out);
}

static void partials(void)
{
    is_str(with_partial("<{{>self}}>", "{{x}}", "{\"x\":1}"), S("<1>"), "a partial sees the data");
    is_str(with_partial("a\n  {{>self}}\nb", "1\n2\n", "{}"), S("a\n  1\n  2\nb"), "each line of a partial that stands alone is indented");
    is_str(with_partial("{{>self}}", "{{x}}{{#y}}({{>self}}){{/y}}", "{\"x\":1,\"y\":{\"x\":2,\"y\":{\"x\":3,\"y\":null}}}"), S("1(2(3))"),
           "a partial may name itself, as long as the data ends");
    is_str(with_partial("{{>self}}", "\n{{>self}}", "{}"), S("! self, line 2: {{self}} is nested too deeply"), "endless partials end");
    is_str(with_partial("{{>self}}", "  {{>self}}\n", "{}"), S("! self, line 1: more than 100 partials"), "endless indentation ends");
    is_str(with_partial("{{>self}}", "{{x}}", "{}"), S("! self, line 1: {{x}} has no value"), "an error names the partial");
}

static void limits(void)
{
    struct buf deep = buf_new(&mem, 4096);
    for (int i = 0; i < TEMPLATE_DEPTH + 1; i++)
        buf_put(&deep, S("{{#a}}"));
    buf_byte(&deep, 0);
    is_str(made(deep.ptr, "{}", 0), S("! t, line 1: more than 100 sections within each other"), "depth of sections");

    is_str(made("{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}",
                "{\"a\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}", 0),
           S("! t, line 1: what it makes becomes too large"), "lists within lists, without output");

    struct buf json = buf_new(&mem, (2 << 20) + 64);
    buf_put(&json, S("{\"a\":[1,1,1,1,1,1,1,1,1,1,1,1],\"x\":\""));
    for (int i = 0; i < 2 << 20; i++)
        buf_byte(&json, '<');
    buf_put(&json, S("\"}"));
    buf_byte(&json, 0);
    is_str(made("{{#a}}{{x}}{{/a}}", json.ptr, TEMPLATE_HTML), S("! t, line 1: what it makes becomes too large"), "size of the output");
}

/* ---- data --------------------------------------------------------------------------------------------------- */

static void data(void)
{
    static const struct {
        const char *under, *over, *want;
    } merges[] = {
        {"{}", "{}", "{}"},
        {"{\"a\":1,\"b\":2}", "{\"b\":3,\"c\":4}", "{\"a\":1,\"b\":3,\"c\":4}"},
        {"{\"a\":{\"x\":1,\"y\":[1]}}", "{\"a\":{\"y\":2}}", "{\"a\":{\"x\":1,\"y\":2}}"},
        {"{\"a\":{\"x\":1}}", "{\"a\":\"s\"}", "{\"a\":\"s\"}"},
        {"{\"a\":\"s\"}", "{\"a\":{\"x\":{}}}", "{\"a\":{\"x\":{}}}"},
        {"{\"a\":1,\"a\":2}", "{\"a\":3,\"a\":4}", "{\"a\":4}"},
        {"{\"a\\n\":1}", "{\"\\u0061\\n\":3}", "{\"\\u0061\\n\":3}"},
        {"", "{\"a\":1}", "{\"a\":1}"},
        {"{\"a\":1}", "", "{\"a\":1}"},
        {"", "", "{}"},
    };
    for (size_t i = 0; i < sizeof merges / sizeof *merges; i++)
        is_str(template_merge(&mem, str_c(merges[i].under), str_c(merges[i].over)), str_c(merges[i].want), "%s and %s", merges[i].under,
               merges[i].over);
    static const struct {
        const char *set, *want;
    } sets[] = {
        {"a=b", "{\"a\":\"b\"}"},
        {"a.b.c=x=\"y\"", "{\"a\":{\"b\":{\"c\":\"x=\\\"y\\\"\"}}}"},
        {"a=", "{\"a\":\"\"}"},
        {"a", "!"}, {"=b", "!"}, {"a..b=c", "!"}, {".a=c", "!"}, {"a.=c", "!"}, {"", "!"},
    };
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        struct err e;
        str got;
        is_str(template_set(&mem, str_c(sets[i].set), &got, &e) ? got : S("!"), str_c(sets[i].want), "--set %s", sets[i].set);
    }
}

/* ---- files --------------------------------------------------------------------------------------------------- */

static const char sample[] = "# the first answer\n"
                             "Name: ack\n"
                             "Type: reply\n"
                             "Subject: Re: {{email.subject}}\n"
                             "Account: support, sales\n"
                             "Variables: agent, ticket = none,\n"
                             "   hours = \"9, 10 \\\"and\\\" 11\", items.name\n"
                             "\n"
                             "--- text\n"
                             "Dear {{email.from.name}},\n"
                             "\n"
                             "--- html\n"
                             "<p>{{agent}}</p>\n";

static bool read_file(const char *text, struct template_file *f, struct err *e)
{
    return template_file_read(&mem, str_c(text), S("templates/ack"), S("ack"), f, e);
}

static void files(void)
{
    struct template_file f;
    struct err e;
    if (!ok(read_file(sample, &f, &e), "a template file is read"))
        return;
    is_str(f.kind, S("reply"), "its type");
    is_str(f.subject.text, S("Re: {{email.subject}}"), "its subject");
    is_int(f.subject.line, 4, "line of the subject");
    is_int(f.accounts.n, 2, "its accounts");
    is_str(f.accounts.item[1], S("sales"), "the second of them");
    is_int(f.n_variables, 4, "its variables");
    is_str(f.variables[2].otherwise, S("9, 10 \"and\" 11"), "a default in quotes");
    ok(!f.variables[0].otherwise.ptr, "a variable without a default");
    is_str(template_file_defaults(&mem, &f), S("{\"ticket\":\"none\",\"hours\":\"9, 10 \\\"and\\\" 11\"}"), "the defaults");
    is_str(f.text.text, S("Dear {{email.from.name}},\n\n"), "the text part");
    is_int(f.text.line, 10, "line of the text part");
    is_str(f.html.text, S("<p>{{agent}}</p>\n"), "the HTML part");
    is_int(f.html.line, 13, "line of the HTML part");
    ok(read_file("--- html\nx", &f, &e) && str_eq(f.html.text, S("x")) && !f.text.text.ptr, "a file may have no header and one part");
    ok(read_file("Name: ack\r\n--- text\r\nx\r\n", &f, &e) && str_eq(f.text.text, S("x\r\n")), "CRLF");
    ok(read_file("--- text\n-- \n--- text is not html\n---\n", &f, &e) && str_eq(f.text.text, S("-- \n--- text is not html\n---\n")),
       "only a whole separator ends a part");
    ok(read_file("--- text", &f, &e) && f.text.text.ptr && !f.text.text.len, "an empty part is one");
}

static void file_faults(void)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"Name: other\n--- text\n", "templates/ack, line 1: Name is \"other\", and the file is called \"ack\""},
        {"\nTitle: x\n--- text\n", "templates/ack, line 2: there is no field Title in a template"},
        {"Type: a\ntype: b\n--- text\n", "templates/ack, line 2: type stands here for the second time"},
        {"Type: a b\n--- text\n", "templates/ack, line 1: Type is one word"},
        {"hello\n--- text\n", "templates/ack, line 1: \"hello\" is no field"},
        {" x\n--- text\n", "templates/ack, line 1: this line continues nothing"},
        {"Account: a\nGlobal: yes\n--- text\n", "templates/ack, line 1: a template has either Account or Global"},
        {"Global: maybe\n--- text\n", "templates/ack, line 1: Global is yes or no"},
        {"Account: ,\n--- text\n", "templates/ack, line 1: Account names none"},
        {"Variables: a b\n--- text\n", "templates/ack, line 1: \"a b\" is no name of a variable"},
        {"Variables: a = \"x\n--- text\n",
         "templates/ack, line 1: a default in quotes ends with a quote, and a comma before the next name"},
        {"--- text\n--- text\n", "templates/ack, line 2: there is a second text part"},
        {"--- markdown\n", "templates/ack, line 1: \"--- markdown\": a part is --- text or --- html"},
        {"Type: a\n", "templates/ack, line 1: there is no part"},
        {"", "templates/ack, line 0: there is no part"},
        {"Type: a\n\n\xC3\n--- text\n", "templates/ack, line 3: this is not UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct template_file f;
        struct err e = {0};
        bool fine = read_file(cases[i].text, &f, &e);
        ok(!fine && e.class == ERR_CONFIG, "file %zu is refused", i);
        is_str(str_c(e.text), str_c(cases[i].want), "file %zu says why", i);
    }
}

static void unknown(void)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"{{agent}} {{ticket}} {{email.subject}} {{email.no.such}}", NULL},
        {"{{agnet}}", "agnet"},
        {"{{#items}}{{name}}{{/items}}", NULL},
        {"{{#items}}{{price}}{{/items}}", "price"},
        {"{{#items}}{{agent}}{{/items}}", NULL},
        {"{{#ticket}}{{tciket}}{{/ticket}}", "tciket"},
        {"{{^ticket}}{{nothing}}{{/ticket}}", "nothing"},
        {"{{#email.to}}{{name}}{{/email.to}}", NULL},
        {"{{#email.to}}{{.}}{{/email.to}}{{name}}", "name"},
        {"{{#what}}{{/what}}", "what"},
        {"{{items.name}} {{agent.phone}} {{name}}", "name"},
    };
    struct template_file f;
    struct err e;
    struct strs builtin = {0};
    strs_add(&mem, &builtin, S("email"));
    read_file(sample, &f, &e);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct template_source source = source_of(cases[i].text);
        const struct template *t = template_parse(&mem, &source, NULL, &e);
        const struct template_use *use = template_file_unknown(&mem, &f, t, &builtin);
        is_str(use ? use->name : STR_NONE, str_c(cases[i].want), "unknown in %s", cases[i].text);
    }
}

int main(void)
{
    mem = arena_new((size_t)1 << 32);
    published();
    values();
    faults();
    partials();
    limits();
    data();
    files();
    file_faults();
    unknown();
    return done();
}
