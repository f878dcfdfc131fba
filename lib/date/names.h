/* Names of months, days and zones as RFC 5322 has them; private to lib/date. */
#ifndef DATE_NAMES_H
#define DATE_NAMES_H

#include "str/str.h"

/* "Jan" is 1, also "january", "JANU", "Sept."; 0: no month. */
int date_month_of(str word);
/* "Sun" is 1, also "Sunday", "Thurs"; 0: no day. */
int date_weekday_of(str word);
/* Minutes east of RFC5322-4.3's zone names; false for others, which mean UTC (so do the military letters). */
bool date_zone_of(str word, int *zone);

extern const char date_months[12][4], date_weekdays[7][4];

#endif
