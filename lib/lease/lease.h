/* Lease files: who may send what, and what came of it, in a form that outlives claim, send and settle (design.md section 3).
 *
 * mail-queue claim makes queue/NAME (NAME: "l" and 16 hex digits) and names it in each submission that it prints. mail-send holds it
 * (shared flock) while it works on them, and appends to it; whoever takes work back needs the lock alone. An append-only text:
 *
 *     mailpipe-lease 1 BOOT_ID SECONDS              made lasting, with its folder, before a submission names it
 *     data ID RCPT                                  made lasting before the message can be complete at the server
 *     reply ID RCPT STATUS CODE ENHANCED WORDS…     what became of it; "-" for none
 *
 * RCPT has octets up to 0x20, 0x7f and '%' as %XX. Each line is one write(2) with O_APPEND; a last line without its LF counts as
 * nothing. Taking back renames NAME to NAME.taken before anything is decided from it, so that whoever comes late finds it gone
 * even where the taker dies. */
#ifndef LEASE_H
#define LEASE_H

#include "err/err.h"

enum {
    LEASE_GRACE_S = 30,      /* younger files are left alone: mail-send may be about to hold them */
    LEASE_OCTETS = 256 << 20 /* of one file; a longer one is damaged */
};

enum lease_state { LEASE_DATA, LEASE_REPLY };
struct lease_entry {
    enum lease_state state; /* LEASE_DATA: the message may be complete at the server, and nobody heard */
    int64_t id;             /* of the submission */
    str rcpt;
    /* LEASE_REPLY: as in a delivery record; texts may be none, the code 0 */
    str status;
    int64_t code;
    str enhanced_code;
    str server;
};

struct lease {
    str name, path;   /* path is absolute */
    int fd;           /* the lock; -1 once it is given up */
    bool other_boot;  /* made before the machine was started: nobody can hold it */
    int64_t made_at;  /* seconds since 1970 UTC */
    struct lease_entry *entries; /* what the file held when it was opened; one per (id, rcpt), in the order of their first lines */
    ptrdiff_t n;
    struct map index; /* private */
};

/* A new lease in folder ("…/queue", which must be there), lasting when it returns, held shared. */
bool lease_create(arena *a, str folder, struct lease *out, struct err *e);

/* Hold the lease at path (absolute) shared; waits while it is being taken back. Class later, code "lease.gone", where it was taken back:
 * nothing of it may be sent. The entries tell what an earlier mail-send did under it: do not send those again. */
bool lease_hold(arena *a, str path, struct lease *out, struct err *e);

/* The entry of a recipient, or NULL: nothing was sent. What this process appended is not in it. */
const struct lease_entry *lease_find(const struct lease *l, int64_t id, str rcpt);

struct lease_mark {
    int64_t id;
    str rcpt;
};
/* Before the message can be complete at the server: one write and one fdatasync for all. False: do not send. */
bool lease_data(struct lease *l, const struct lease_mark *mark, ptrdiff_t n, struct err *e);
/* After the reply, before the delivery record is printed. Control characters in the words become spaces. */
bool lease_reply(struct lease *l, const struct lease_entry *entry, struct err *e);
/* Give up the lock; the file stays. */
void lease_release(struct lease *l);

/* ---- taking back ------------------------------------------------------------------------------------------ */

enum lease_taking {
    LEASE_TAKEN,  /* *out has it alone; nobody will send under it any more */
    LEASE_BUSY,   /* held, or younger than the grace */
    LEASE_GONE,   /* no such file */
    LEASE_FAILED  /* *e */
};
/* grace_s does not count after another boot. Then decide from the entries, make that lasting, and lease_remove. */
enum lease_taking lease_take(arena *a, str folder, str name, int64_t grace_s, struct lease *out, struct err *e);
/* Unlink it and give up the lock. A file that is gone already is fine. */
bool lease_remove(struct lease *l, struct err *e);
/* Names of all leases in the folder, the taken ones included, each once; a missing folder has none. */
bool lease_list(arena *a, str folder, struct strs *names, struct err *e);

#endif
