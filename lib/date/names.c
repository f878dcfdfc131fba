#include "date/names.h"

const char date_months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
const char date_weekdays[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

/* Index of the first name that the word begins (three letters or more), -1: none. */
static int which(str word, const char *const *names, int n)
{
    if (word.len < 3)
        return -1;
    for (int i = 0; i < n; i++)
        if (names[i][0] == (word.ptr[0] | 32) && str_starts_nocase(str_c(names[i]), word))
            return i;
    return -1;
}

int date_month_of(str word)
{
    static const char *const names[] = {"january", "february", "march",     "april",   "may",      "june",
                                        "july",    "august",   "september", "october", "november", "december"};
    return which(word, names, 12) + 1;
}

int date_weekday_of(str word)
{
    static const char *const names[] = {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};
    return which(word, names, 7) + 1;
}

bool date_zone_of(str word, int *zone)
{
    static const struct {
        char name[4];
        int8_t hours;
    } zones[] = {{"UT", 0},   {"GMT", 0},  {"UTC", 0},  {"EST", -5}, {"EDT", -4}, {"CST", -6},
                 {"CDT", -5}, {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7}};
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++)
        if (str_eq_nocase(word, str_c(zones[i].name))) {
            *zone = zones[i].hours * 60;
            return true;
        }
    return false;
}
