#include "mime/html.h"
#include "tap.h"

#include <time.h>

static arena mem;

static const struct {
    const char *name, *html, *want;
} cases[] = {
    {"nothing", "", ""},
    {"plain text", "a b", "a b"},
    {"white space is folded", " a \r\n\t b ", "a b"},
    {"paragraphs", "<p>one</p><p>two</p>three", "one\n\ntwo\n\nthree"},
    {"divs", "<div>one</div><div>two<div>three</div></div>", "one\ntwo\nthree"},
    {"br", "a<br>b<BR/>c<br><br><br><br>d", "a\nb\nc\n\nd"},
    {"head, title, script, style", "<html><head><title>t</title><style>p{}</style></head><body>x<script>if (a<b) '</p>'</script>y</body></html>", "xy"},
    {"a head that nothing closes", "<head><title>t</title><body>x", "x"},
    {"style in the body", "a<style><!-- p > b {} --></style>b", "ab"},
    {"comments", "a<!-- <b> -- > -->b<!---->c<!-- open", "abc"},
    {"conditional comments", "a<!--[if mso]>x<![endif]-->b<![if !mso]>c<![endif]>", "abc"},
    {"declarations", "<!DOCTYPE html><?xml version='1.0'?>a", "a"},
    {"link", "see <a href=\"http://e.example/x?a=1&amp;b=2\">this page</a>.", "see this page <http://e.example/x?a=1&b=2>."},
    {"link that shows itself", "<a href='https://e.example/'>e.example</a> <a href=mailto:a@b.example>a@b.example</a>", "e.example a@b.example"},
    {"links to nowhere", "<a href='#top'>top</a> <a name=x>x</a> <a href='javascript:x()'>js</a> <a>a</a>", "top x js a"},
    {"link around blocks", "<a href=http://e.example><p>one</p></a>two", "one <http://e.example>\n\ntwo"},
    {"link over two lines", "<a href='http://e.example/a\n  b'>x</a>", "x <http://e.example/ab>"},
    {"link without text", "<a href=http://e.example><img src=x></a>", "<http://e.example>"},
    {"links that nothing closes", "<a href=http://e.example/1>one <a href=http://e.example/2>two", "one <http://e.example/1> two <http://e.example/2>"},
    {"images", "<img src=a alt=\"A &amp; B\"> <img src=b><img alt=''>", "A & B"},
    {"list", "x<ul><li>one<li>two</li></ul>y", "x\n\n- one\n- two\n\ny"},
    {"numbered list", "<ol><li>one</li><li>two</li></ol><ol start=7><li>x</ol>", "1. one\n2. two\n\n7. x"},
    {"nested lists", "<ul><li>one<ul><li>in</li></ul></li><li>two<br>more</li></ul>", "- one\n  - in\n- two\n  more"},
    {"table", "<table><tr><th>Item</th><th>Price</th></tr><tr><td>Tea</td><td> 2.00</td></tr></table>end", "Item  Price\nTea  2.00\nend"},
    {"quote", "<p>He:</p><blockquote><p>one</p>two</blockquote><p>I</p>", "He:\n\n> one\n>\n> two\n\nI"},
    {"quote in a quote", "<blockquote>a<blockquote>b</blockquote></blockquote>", "> a\n>\n> > b"},
    {"pre", "x<pre>\n  a\tb\n\n\n   c\n</pre>y", "x\n\n  a\tb\n\n\n   c\n\ny"},
    {"rule", "a<hr>b", "a\n----------\nb"},
    {"references", "&lt;&GT;&amp;&quot;&eacute;&euro;&#8364;&#x20aC;&#128;&hellip;&nbsp;|&nosuch;&#;&", "<>&\"\xc3\xa9\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x80\xa6 |&nosuch;&#;&"},
    {"references without their end", "a&nbsp b &amp c &copy=1 x&lt", "a b & c &copy=1 x<"},
    {"references that are no character", "&#0;&#xD800;&#99999999;&#1;", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"not a tag", "1 < 2 <3 a<>b", "1 < 2 <3 a<>b"},
    {"tag that nothing closes", "a<b", "a"},
    {"quote that nothing closes", "a<b x=\"y>c", "ac"},
    {"greater in a value", "<a href=\"http://e.example/\" title='a>b'>x</a>", "x <http://e.example/>"},
    {"hidden", "a<div style='display : none'>b<div>c</div></div><span hidden>d</span>e<p style=\"DISPLAY:none\">f<p>g", "ae\n\ng"},
    {"fillers", "x&zwnj;&nbsp;&zwnj;&nbsp;&shy;&#847; \xe2\x80\x8b\xc2\xa0y", "x\xe2\x80\x8c y"},
    {"invalid octets", "a\xff\xc3<b>\xe2", "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"controls", "a\x01\x1b[31m\x7f" "b", "a[31mb"},
    {"closing tags of nothing", "</ul></blockquote></pre></a></p>a", "a"},
};

static void check_time(const char *name, str unit, int times)
{
    struct buf b = buf_new(&mem, 16);
    for (int i = 0; i < times; i++)
        buf_put(&b, unit);
    clock_t start = clock();
    str text = html_to_text(&mem, buf_str(&b), 1 << 20);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    ok(seconds < 5 && text.len <= 1 << 20, "%d times %s in linear time", times, name);
    arena_reset(&mem);
}

int main(void)
{
    mem = arena_new((size_t)1 << 30);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        is_str(html_to_text(&mem, str_c(cases[i].html), 1 << 20), str_c(cases[i].want), "%s", cases[i].name);
        /* Every beginning of it gives something, without reading behind its end. */
        for (size_t n = 0; n < strlen(cases[i].html); n++) {
            char *cut = malloc(n + !n);
            memcpy(cut, cases[i].html, n);
            str text = html_to_text(&mem, str_of(cut, (ptrdiff_t)n), 1 << 20);
            if (!utf8_valid(text))
                ok(false, "%s: cut at %zu is UTF-8", cases[i].name, n);
            free(cut);
        }
    }
    is_str(html_to_text(&mem, S("<p>abcdef"), 3), S("abc"), "the limit");
    is_str(html_to_text(&mem, S("ab\xc3\xa4"), 3), S("ab"), "the limit does not part a character");
    check_time("an open div", S("<div>"), 400000);
    check_time("an open list", S("<ul><li>a"), 100000);
    check_time("an open quote", S("<blockquote>a"), 100000);
    check_time("an open comment", S("<!-- "), 400000);
    check_time("an open script", S("<script></scr"), 200000);
    check_time("an open value", S("<a href=\"x"), 200000);
    check_time("an open link", S("<a href='http://e.example/'>"), 60000);
    check_time("an ampersand", S("&"), 1000000);
    return done();
}
