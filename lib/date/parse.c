/* One scanner for every form: it picks numbers, names, clock and zone out of the text, then decides which number is what. */
#include "date/date.h"
#include "date/names.h"

struct scan {
    str s;
    ptrdiff_t at;
};

struct parts {
    int number[3], digits[3]; /* of the day, in the order of the text */
    int n;
    char joint;               /* what joins the numbers: '-', '/', '.', or 0 for white space */
    int month, month_at;      /* by name; how many numbers stood before it */
    int hour, minute, second;
    bool has_time, has_zone;
    int zone;
};

enum { COMMENT_DEPTH = 1000 }; /* deeper comments end at the first ')' too many */

static char peek(const struct scan *p, ptrdiff_t ahead) { return p->at + ahead < p->s.len ? p->s.ptr[p->at + ahead] : 0; }

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static void skip_comment(struct scan *p)
{
    int depth = 0;
    for (; p->at < p->s.len; p->at++) {
        char c = p->s.ptr[p->at];
        if (c == '\\')
            p->at++;
        else if (c == '(' && depth < COMMENT_DEPTH)
            depth++;
        else if (c == ')' && --depth <= 0) {
            p->at++;
            return;
        }
    }
    p->at = p->s.len;
}

/* The value of a run of digits (of the first nine), and how many there are. */
static int take_number(struct scan *p, int *value)
{
    int n = 0;
    *value = 0;
    for (; is_digit(peek(p, 0)); p->at++, n++)
        if (n < 9)
            *value = *value * 10 + (peek(p, 0) - '0');
    return n;
}

static str take_word(struct scan *p)
{
    ptrdiff_t from = p->at;
    while (is_letter(peek(p, 0)))
        p->at++;
    return str_slice(p->s, from, p->at);
}

/* The clock behind its hour: ":mm", ":mm:ss", a fraction; then "AM" or "PM". */
static bool take_clock(struct scan *p, int hour, struct parts *d)
{
    d->hour = hour;
    p->at++;
    int n = take_number(p, &d->minute);
    d->second = 0;
    if (n && peek(p, 0) == ':' && is_digit(peek(p, 1))) {
        p->at++;
        take_number(p, &d->second);
        if ((peek(p, 0) == '.' || peek(p, 0) == ',') && is_digit(peek(p, 1))) {
            int fraction;
            p->at++;
            take_number(p, &fraction);
        }
    }
    d->has_time = true;
    return n > 0 && n <= 2 && d->hour < 24 && d->minute < 60 && d->second <= 60;
}

/* +hhmm, +hh:mm, +hh; anything else behind a sign means UTC. */
static void take_zone(struct scan *p, struct parts *d)
{
    int sign = peek(p, 0) == '-' ? -1 : 1, n, value, minutes;
    p->at++;
    n = take_number(p, &value);
    if (n == 2 && peek(p, 0) == ':' && is_digit(peek(p, 1))) {
        p->at++;
        n += take_number(p, &minutes);
        value = value * 100 + minutes;
    } else if (n == 1 || n == 2) {
        value *= 100;
        n = 4;
    }
    d->has_zone = true;
    if (n == 4 && value / 100 < 24 && value % 100 < 60)
        d->zone = sign * (value / 100 * 60 + value % 100);
}

static void take_day_number(struct scan *p, struct parts *d, int value, int digits)
{
    if (d->n == 3)
        return;
    d->digits[d->n] = digits;
    d->number[d->n++] = value;
    char c = peek(p, 0);
    if ((c == '-' || c == '/' || c == '.') && !d->joint)
        d->joint = c;
}

static bool day_is_whole(const struct parts *d) { return d->n + (d->month != 0) >= 3; }

static bool is_half(str word, struct parts *d)
{
    bool pm = str_eq_nocase(word, S("PM"));
    if (!d->has_time || d->hour > 12 || (!pm && !str_eq_nocase(word, S("AM"))))
        return false;
    d->hour = d->hour % 12 + (pm ? 12 : 0);
    return true;
}

/* False where nothing that follows can matter. */
static bool take_name(struct scan *p, struct parts *d)
{
    str word = take_word(p);
    int month = d->month || d->n >= 3 ? 0 : date_month_of(word);
    if (month) {
        d->month = month;
        d->month_at = d->n;
    } else if (d->has_time && !d->has_zone && !is_half(word, d) && !date_weekday_of(word)) {
        d->has_zone = true;
        bool known = date_zone_of(word, &d->zone);
        /* "GMT+0200" is Greenwich and two hours; "GMT+1" nobody reads. */
        bool four = is_digit(peek(p, 1)) && is_digit(peek(p, 2)) && is_digit(peek(p, 3)) && is_digit(peek(p, 4));
        if (known && d->zone == 0 && four && (peek(p, 0) == '+' || peek(p, 0) == '-'))
            take_zone(p, d);
    }
    return !(d->has_zone && day_is_whole(d));
}

/* Read up to the point where all is known. False where a clock is none. */
static bool scan_parts(struct scan *p, struct parts *d)
{
    while (p->at < p->s.len) {
        char c = peek(p, 0);
        if (c == '(') {
            skip_comment(p);
        } else if (is_digit(c)) {
            int value, digits = take_number(p, &value);
            if (peek(p, 0) == ':' && !d->has_time && digits <= 2) {
                if (!take_clock(p, value, d))
                    return false;
            } else if (!day_is_whole(d)) {
                take_day_number(p, d, value, digits);
            }
        } else if ((c == '+' || c == '-') && d->has_time && !d->has_zone && (day_is_whole(d) || d->joint == 0)) {
            take_zone(p, d);
        } else if (is_letter(c)) {
            if (!take_name(p, d))
                return true;
        } else {
            p->at++;
        }
        if (d->has_zone && d->has_time && day_is_whole(d))
            return true;
    }
    return true;
}

/* RFC5322-4.3: two digits from 50 on and three digits count from 1900. */
static int full_year(int year, int digits)
{
    if (digits >= 4)
        return year;
    return year + (digits == 3 || year >= 50 ? 1900 : 2000);
}

static bool decide_day(const struct parts *d, int *year, int *month, int *day)
{
    int at_year, at_day;
    if (d->month) {
        if (d->n < 2)
            return false;
        at_year = d->digits[0] >= 3 && d->number[0] > 31 ? 0 : 1;
        at_day = 1 - at_year;
        *month = d->month;
    } else {
        if (d->n < 3)
            return false;
        int at_month = 1;
        at_year = d->digits[0] == 4 ? 0 : 2;
        at_day = 2 - at_year;
        /* "08/22/2002" is American, but "22/08/2002" can only be a day first. */
        if (at_year == 2 && (d->number[1] > 12 || (d->joint == '/' && d->number[0] <= 12))) {
            at_month = 0;
            at_day = 1;
        }
        *month = d->number[at_month];
    }
    *year = full_year(d->number[at_year], d->digits[at_year]);
    *day = d->number[at_day];
    return *year >= 1 && *year <= 9999 && *day >= 1 && *day <= date_month_days(*year, *month);
}

static bool seconds_of(const struct parts *d, int64_t *seconds, int *zone)
{
    int year, month, day;
    if (!decide_day(d, &year, &month, &day))
        return false;
    int second = d->second == 60 ? 59 : d->second;
    int64_t local = date_days(year, month, day) * 86400 + d->hour * 3600 + d->minute * 60 + second;
    /* Within the range in UTC too, or writers could not show it. */
    if (local - d->zone * 60 < date_days(1, 1, 1) * 86400 || local - d->zone * 60 >= date_days(10000, 1, 1) * 86400)
        return false;
    if (seconds)
        *seconds = local - d->zone * 60;
    if (zone)
        *zone = d->zone;
    return true;
}

bool date_parse_5322(str s, int64_t *seconds, int *zone)
{
    struct scan p = {s, 0};
    struct parts d = {0};
    return scan_parts(&p, &d) && seconds_of(&d, seconds, zone);
}

static void skip_blanks(struct scan *p)
{
    while (is_blank(peek(p, 0)))
        p->at++;
}

static bool is_upper(str word)
{
    for (ptrdiff_t i = 0; i < word.len; i++)
        if (word.ptr[i] >= 'a')
            return false;
    return true;
}

/* A zone of the "From " line: +0100, a name, or two ("MET DST"). */
static void take_from_zone(struct scan *p, struct parts *d)
{
    skip_blanks(p);
    if ((peek(p, 0) == '+' || peek(p, 0) == '-') && is_digit(peek(p, 1))) {
        take_zone(p, d);
        return;
    }
    for (int i = 0; i < 2; i++) {
        struct scan before = *p;
        str word = take_word(p);
        if (word.len < 1 || word.len > 5 || !is_upper(word)) {
            *p = before;
            return;
        }
        date_zone_of(word, &d->zone);
        skip_blanks(p);
    }
}

bool date_parse_asctime(str s, int64_t *seconds, int *zone)
{
    struct scan p = {s, 0};
    struct parts d = {.n = 2, .month_at = 0};
    skip_blanks(&p);
    str word = take_word(&p);
    if (date_weekday_of(word)) {
        skip_blanks(&p);
        word = take_word(&p);
    }
    d.month = date_month_of(word);
    skip_blanks(&p);
    d.digits[0] = take_number(&p, &d.number[0]);
    skip_blanks(&p);
    int hour, digits = take_number(&p, &hour);
    if (!d.month || d.digits[0] < 1 || d.digits[0] > 2 || digits < 1 || digits > 2 || peek(&p, 0) != ':' || !take_clock(&p, hour, &d))
        return false;
    take_from_zone(&p, &d);
    skip_blanks(&p);
    d.digits[1] = take_number(&p, &d.number[1]);
    if (d.digits[1] != 4 && d.digits[1] != 2)
        return false;
    if (!d.zone)
        take_from_zone(&p, &d);
    skip_blanks(&p);
    /* UUCP's relays named the host behind the date. */
    bool ends = p.at == s.len || str_starts(str_skip(s, p.at), S("remote from "));
    return ends && seconds_of(&d, seconds, zone);
}

bool date_parse_internal(str s, int64_t *seconds, int *zone)
{
    struct scan p = {s, 0};
    struct parts d = {.n = 2};
    skip_blanks(&p);
    d.digits[0] = take_number(&p, &d.number[0]);
    bool good = d.digits[0] >= 1 && d.digits[0] <= 2 && peek(&p, 0) == '-';
    p.at++;
    d.month = date_month_of(take_word(&p));
    good = good && d.month && peek(&p, 0) == '-';
    p.at++;
    d.digits[1] = take_number(&p, &d.number[1]);
    skip_blanks(&p);
    int hour;
    good = good && d.digits[1] == 4 && take_number(&p, &hour) == 2 && peek(&p, 0) == ':' && take_clock(&p, hour, &d);
    if (!good)
        return false;
    skip_blanks(&p);
    if (peek(&p, 0) == '+' || peek(&p, 0) == '-')
        take_zone(&p, &d);
    return seconds_of(&d, seconds, zone);
}

static bool take_exactly(struct scan *p, int digits, int *value, char next)
{
    if (take_number(p, value) != digits || (next && peek(p, 0) != next))
        return false;
    p->at += next != 0;
    return true;
}

bool date_parse_3339(str s, int64_t *seconds, int *zone)
{
    struct scan p = {s, 0};
    struct parts d = {.n = 3, .digits = {4, 2, 2}};
    int hour;
    if (!take_exactly(&p, 4, &d.number[0], '-') || !take_exactly(&p, 2, &d.number[1], '-') || !take_exactly(&p, 2, &d.number[2], 0))
        return false;
    char t = peek(&p, 0);
    p.at++;
    if ((t != 'T' && t != 't' && t != ' ') || take_number(&p, &hour) != 2 || peek(&p, 0) != ':' || !take_clock(&p, hour, &d))
        return false;
    char z = peek(&p, 0);
    if (z == 'Z' || z == 'z') {
        p.at++;
    } else {
        str offset = str_skip(s, p.at);
        if ((z != '+' && z != '-') || offset.len != 6 || offset.ptr[3] != ':' || !is_digit(offset.ptr[4]) || !is_digit(offset.ptr[5]))
            return false;
        take_zone(&p, &d);
    }
    return p.at == s.len && seconds_of(&d, seconds, zone);
}
