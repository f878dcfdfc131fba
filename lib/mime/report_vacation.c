/* Automatic replies of people who are away (RFC 3834), and of programs that confirm. */
#include "mime/report.h"

/* How the subjects of such replies begin. */
static const char *const subjects[] = {
    "automatic reply:", "auto reply:", "auto-reply:", "autoreply:", "auto:", "out of office", "out-of-office", "vacation reply",
    "automatische antwort:", "abwesenheitsnotiz", "abwesend:", "r\xc3\xa9ponse automatique", "automatisch antwoord:", "risposta automatica:",
    "respuesta autom\xc3\xa1tica:", "resposta autom\xc3\xa1tica:", "automatiskt svar:", "automatisk svar:", "autosvar:",
};

static bool subject_says(arena scratch, struct charsets *c, const struct header *h)
{
    str subject = header_text(&scratch, c, header_body(h, HEADER_SUBJECT), NULL);
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
        if (str_starts_nocase(subject, str_c(subjects[i])))
            return true;
    return false;
}

bool report_vacation(arena scratch, struct charsets *c, const struct header *h, unsigned evidence)
{
    str said = header_auto_submitted(h);
    if (str_eq(said, S("auto-replied")))
        return true;
    if (!str_eq(said, S("auto-generated")) && !(evidence & REPORT_PATH) && !header_first(h, HEADER_X_AUTO_RESPONSE_SUPPRESS))
        return false;
    return subject_says(scratch, c, h);
}
