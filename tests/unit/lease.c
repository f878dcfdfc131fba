/* Lease files: what is written is read again, whoever comes late finds it gone, and nobody takes what is held. */
#include "lease/lease.h"

#include "sys/sys.h"
#include "tap.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static arena mem;
static str folder;
static char folder_z[64];

static void write_file(str path, const char *text)
{
    int fd = open(str_z(&mem, path), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ok(fd >= 0 && fd_write_full(fd, str_c(text)), "a file");
    close(fd);
}

static str content(str path)
{
    str out = STR_NONE;
    struct err e;
    return file_read(&mem, str_z(&mem, path), 1 << 20, &out, &e) ? out : str_c("(none)");
}

static bool is_there(str path)
{
    struct stat st;
    return stat(str_z(&mem, path), &st) == 0;
}

static void remove_all(void)
{
    struct strs names = {0};
    struct err e;
    lease_list(&mem, folder, &names, &e);
    for (ptrdiff_t i = 0; i < names.n; i++) {
        unlink(str_z(&mem, str_fmt(&mem, "%.*s/%.*s", STR_ARG(folder), STR_ARG(names.item[i]))));
        unlink(str_z(&mem, str_fmt(&mem, "%.*s/%.*s.taken", STR_ARG(folder), STR_ARG(names.item[i]))));
    }
}

/* ---- the text --------------------------------------------------------------------------------------------- */

static void lines(void)
{
    struct lease claim, send;
    struct err e;
    ok(lease_create(&mem, folder, &claim, &e), "create");
    ok(claim.name.len == 17 && claim.name.ptr[0] == 'l', "its name");
    ok(str_starts(content(claim.path), S("mailpipe-lease 1 ")), "its first line");
    ok(lease_hold(&mem, claim.path, &send, &e), "two hold it");
    const struct lease_mark marks[] = {{7, S("a@x")}, {7, S("b c%d@x")}, {8, S("e@x")}};
    ok(lease_data(&send, marks, 3, &e), "data");
    ok(lease_reply(&send, &(struct lease_entry){LEASE_REPLY, 7, S("b c%d@x"), S("sent"), 250, S("2.0.0"), S("ok, queued\r\nas 5")}, &e), "a reply");
    ok(lease_reply(&send, &(struct lease_entry){.id = 8, .rcpt = S("e@x"), .status = S("deferred")}, &e), "one without words");
    str text = content(claim.path), first, rest;
    str_cut(text, '\n', &first, &rest);
    is_str(rest, S("data 7 a@x\ndata 7 b%20c%25d@x\ndata 8 e@x\nreply 7 b%20c%25d@x sent 250 2.0.0 ok, queued  as 5\nreply 8 e@x deferred 0 - -\n"), "the lines");
    ok(!lease_find(&send, 7, S("a@x")), "what it wrote itself it need not be told");
    lease_release(&send);

    ok(lease_hold(&mem, claim.path, &send, &e), "a third");
    is_int(send.n, 3, "finds three");
    const struct lease_entry *a = lease_find(&send, 7, S("a@x")), *b = lease_find(&send, 7, S("b c%d@x")), *c = lease_find(&send, 8, S("e@x"));
    ok(a && a->state == LEASE_DATA, "data without a reply");
    ok(b && b->state == LEASE_REPLY && b->code == 250, "a reply");
    is_str(b->status, S("sent"), "its status");
    is_str(b->enhanced_code, S("2.0.0"), "its enhanced code");
    is_str(b->server, S("ok, queued  as 5"), "its words");
    ok(c && c->state == LEASE_REPLY && !c->code && !c->server.ptr && !c->enhanced_code.ptr, "none where there were none");
    ok(!lease_find(&send, 9, S("a@x")) && !lease_find(&send, 7, S("A@x")), "nothing of others");
    ok(!send.other_boot, "this boot");
    lease_release(&send);
    lease_release(&claim);
}

static void damage(void)
{
    struct lease l;
    struct err e;
    str path = str_fmt(&mem, "%.*s/l00000000000000aa", STR_ARG(folder));
    write_file(path, "mailpipe-lease 1 another-boot 17\ndata 1 a@x\nnonsense\ndata x y\ndata 2\nreply 1 a@x failed 550 5.1.1 no such\ndata 3 c@x");
    ok(lease_hold(&mem, path, &l, &e), "a damaged one");
    ok(l.other_boot && l.made_at == 17, "of another boot");
    ok(lease_find(&l, 1, S("a@x")) && lease_find(&l, 1, S("a@x"))->state == LEASE_REPLY, "its good lines");
    ok(!lease_find(&l, 3, S("c@x")), "a line without an end counts as nothing");
    ok(lease_data(&l, &(struct lease_mark){4, S("d@x")}, 1, &e), "goes on");
    lease_release(&l);
    ok(lease_hold(&mem, path, &l, &e) && lease_find(&l, 4, S("d@x")), "on a line of its own");
    lease_release(&l);
    write_file(path, "");
    ok(lease_hold(&mem, path, &l, &e) && l.n == 0, "an empty one");
    lease_release(&l);
}

/* ---- taking back ------------------------------------------------------------------------------------------ */

static void taking(void)
{
    struct lease claim, other, send;
    struct err e;
    struct strs names = {0};
    remove_all();
    ok(lease_create(&mem, folder, &claim, &e), "create");
    is_int(lease_take(&mem, folder, claim.name, 0, &other, &e), LEASE_BUSY, "nobody takes what is held");
    lease_data(&claim, &(struct lease_mark){5, S("a@x")}, 1, &e);
    lease_release(&claim);
    is_int(lease_take(&mem, folder, claim.name, 3600, &other, &e), LEASE_BUSY, "nor what is young");
    is_int(lease_take(&mem, folder, claim.name, 0, &other, &e), LEASE_TAKEN, "then it is taken");
    ok(lease_find(&other, 5, S("a@x")), "with what it has");
    ok(!is_there(claim.path), "its name is gone");
    ok(!lease_hold(&mem, claim.path, &send, &e), "who comes late may not send");
    is_str(str_c(e.code), S("lease.gone"), "because it is gone");
    is_int(e.class, ERR_LATER, "and can claim again");
    ok(lease_list(&mem, folder, &names, &e) && names.n == 1 && str_eq(names.item[0], claim.name), "it is listed by its own name");
    lease_release(&other);

    is_int(lease_take(&mem, folder, claim.name, 3600, &other, &e), LEASE_TAKEN, "of a taker that died it is taken at once");
    ok(lease_find(&other, 5, S("a@x")), "still with what it has");
    ok(lease_remove(&other, &e), "remove");
    is_int(lease_take(&mem, folder, claim.name, 0, &other, &e), LEASE_GONE, "gone");
    names = (struct strs){0};
    ok(lease_list(&mem, folder, &names, &e) && names.n == 0, "none is listed");
    ok(lease_list(&mem, S("/no/such/folder"), &names, &e) && names.n == 0, "a missing folder has none");
}

static void other_boot(void)
{
    struct lease l;
    struct err e;
    str name = S("l00000000000000bb"), path = str_fmt(&mem, "%.*s/%.*s", STR_ARG(folder), STR_ARG(name));
    write_file(path, "mailpipe-lease 1 another-boot 17\ndata 1 a@x\n");
    is_int(lease_take(&mem, folder, name, 3600, &l, &e), LEASE_TAKEN, "after another boot it is not young");
    ok(lease_find(&l, 1, S("a@x")), "with what it has");
    lease_remove(&l, &e);
    struct timespec times[2] = {{time(NULL) + 86400, 0}, {time(NULL) + 86400, 0}};
    ok(lease_create(&mem, folder, &l, &e), "create");
    lease_release(&l);
    utimensat(AT_FDCWD, l.path.ptr, times, 0);
    is_int(lease_take(&mem, folder, l.name, 3600, &l, &e), LEASE_TAKEN, "nor is one from the future");
    lease_remove(&l, &e);
}

/* A holder that waits while somebody takes must not go on with the old file. */
static void race(void)
{
    struct lease claim, taker, late;
    struct err e;
    ok(lease_create(&mem, folder, &claim, &e), "create");
    lease_release(&claim);
    is_int(lease_take(&mem, folder, claim.name, 0, &taker, &e), LEASE_TAKEN, "taken");
    /* The taker is slow: its file stands under the new name, and a holder opened it under the old one before. */
    ok(rename(taker.path.ptr, str_z(&mem, claim.path)) == 0, "as it was before");
    int ready[2];
    ok(pipe(ready) == 0, "a pipe");
    pid_t child = fork();
    if (child == 0) {
        char c = 'x';
        close(taker.fd);
        if (write(ready[1], &c, 1) != 1)
            _exit(2);
        _exit(lease_hold(&mem, claim.path, &late, &e) ? 1 : 0);
    }
    char c;
    ok(read(ready[0], &c, 1) == 1, "a holder waits");
    usleep(50000);
    ok(rename(str_z(&mem, claim.path), taker.path.ptr) == 0, "the taker renames");
    ok(lease_remove(&taker, &e), "and removes");
    int status;
    waitpid(child, &status, 0);
    ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the holder finds it gone");
}

static void names_differ(void)
{
    struct err e;
    struct lease a, b;
    ok(lease_create(&mem, folder, &a, &e) && lease_create(&mem, folder, &b, &e), "two");
    ok(!str_eq(a.name, b.name), "have two names");
    lease_remove(&a, &e);
    lease_remove(&b, &e);
    ok(!lease_create(&mem, S("/no/such/folder"), &a, &e) && e.class == ERR_MISSING && a.fd < 0, "none in a folder that is not there");
}

int main(void)
{
    mem = arena_new(64 << 20);
    snprintf(folder_z, sizeof folder_z, "/tmp/mailpipe-lease.XXXXXX");
    if (!mkdtemp(folder_z))
        return 1;
    folder = str_c(folder_z);
    lines();
    damage();
    taking();
    other_boot();
    race();
    names_differ();
    remove_all();
    rmdir(folder_z);
    return done();
}
