/* What the checks of health share. Each is a file of its topic, adds at least one finding where there is something to judge, and never fails. */
#ifndef MAIL_STATS_HEALTH_JUDGE_H
#define MAIL_STATS_HEALTH_JUDGE_H

#include "mail-stats/health.h"

struct judge {
    struct request *r;
    struct config config;
    struct strs accounts; /* that mail is fetched for: active, read by themselves, wanted by -a */
    struct findings *out;
};

void judge_polls(struct judge *j);
void judge_queue(struct judge *j);
void judge_senders(struct judge *j);
void judge_canaries(struct judge *j);
void judge_certificates(struct judge *j);
void judge_secrets(struct judge *j);
void judge_disk(struct judge *j);
void judge_store(struct judge *j);
void judge_clock(struct judge *j);

/* Its texts are copied, without what could steer a terminal, and cut at 1 KB. */
void judge_add(struct judge *j, struct finding f, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* That something cannot be looked at is critical. */
void judge_error(struct judge *j, str check, str account, const struct err *e);

/* A setting of the account, or of the defaults: STR_NONE. A wrong value is a finding, and `otherwise` counts. */
int64_t judge_setting(struct judge *j, str account, str key, int64_t otherwise);
int64_t judge_size(struct judge *j, str key, int64_t otherwise);
/* critical where value reaches the one, warning where it reaches the other. */
enum health judge_level(int64_t value, int64_t warning, int64_t critical);
/* Whether -a lets it through. */
bool judge_wants(const struct judge *j, str account);
/* "2h 5m" in the arena, of seconds. */
str judge_duration(struct judge *j, int64_t seconds);
str judge_octets(struct judge *j, int64_t octets);

#endif
