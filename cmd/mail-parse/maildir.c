#include "parse.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The files of cur and new: their names in one block, each with the letter of its folder before it. */
struct names {
    struct buf text;
    arena text_mem, index_mem;
    uint32_t *at;
    ptrdiff_t n, cap;
};

static void add_name(struct names *list, char folder, const char *name)
{
    if (list->n == list->cap) {
        ptrdiff_t cap = list->cap ? list->cap * 2 : 1024;
        list->at = arena_grow(&list->index_mem, list->at, (size_t)list->cap * sizeof *list->at, (size_t)cap * sizeof *list->at, 4);
        list->cap = cap;
    }
    list->at[list->n++] = (uint32_t)list->text.len;
    buf_byte(&list->text, folder);
    buf_put(&list->text, str_of(name, (ptrdiff_t)strlen(name) + 1));
}

static bool read_folder(struct names *list, const char *path, const char *folder, struct err *e)
{
    char full[4096];
    snprintf(full, sizeof full, "%s/%s", path, folder);
    DIR *d = opendir(full);
    if (!d)
        return err_errno(e, ERR_IO, "maildir.open", NULL, "cannot read the folder %s", full);
    for (struct dirent *entry; (entry = readdir(d));)
        if (entry->d_name[0] != '.' && list->text.len < UINT32_MAX - 4096)
            add_name(list, folder[0], entry->d_name);
    closedir(d);
    return true;
}

static int by_name(const void *a, const void *b, void *text)
{
    const char *t = text, *x = t + *(const uint32_t *)a, *y = t + *(const uint32_t *)b;
    int c = strcmp(x + 1, y + 1);
    return c ? c : x[0] - y[0];
}

/* Maildir++: ".Lists.users" beside cur and new is the mailbox Lists/users. The name of a mailbox has no control characters. */
static str mailbox_of(arena *a, str path)
{
    while (path.len > 1 && str_ends(path, S("/")))
        path.len--;
    ptrdiff_t at = path.len;
    while (at > 0 && path.ptr[at - 1] != '/')
        at--;
    str name = str_skip(path, at);
    if (name.len < 2 || name.ptr[0] != '.' || str_eq(name, S("..")))
        return S("INBOX");
    name = utf7_imap_decode(a, str_skip(name, 1));
    char *p = str_z(a, name);
    for (ptrdiff_t i = 0; i < name.len; i++)
        if (p[i] == '.')
            p[i] = '/';
        else if (!record_is_name(str_of(p + i, 1)))
            p[i] = '_';
    return str_of(p, name.len);
}

static bool is_folder(const char *path, const char *name)
{
    char full[4096];
    struct stat st;
    snprintf(full, sizeof full, "%s/%s", path, name);
    return stat(full, &st) == 0 && S_ISDIR(st.st_mode);
}

bool maildir_submit(struct pool *p, arena *run, const char *path, struct err *e)
{
    struct names list = {.text_mem = arena_new((size_t)1 << 32), .index_mem = arena_new((size_t)1 << 30)};
    list.text.mem = &list.text_mem;
    if (!is_folder(path, "cur") || !is_folder(path, "new"))
        return err_set(e, ERR_MISSING, "maildir.none", "name the messages in it, or a folder that has cur and new", "%s is no Maildir", path);
    bool good = read_folder(&list, path, "cur", e) && read_folder(&list, path, "new", e);
    if (good && list.n)
        qsort_r(list.at, (size_t)list.n, sizeof *list.at, by_name, list.text.ptr);
    struct source_file *file = ARENA_NEW(run, struct source_file);
    *file = (struct source_file){.path = str_z(run, str_c(path)), .fd = -1, .modified = -1, .maildir = true};
    file->mailbox = mailbox_of(run, str_c(path));
    for (ptrdiff_t i = 0; good && i < list.n && pool_good(p); i++) {
        char full[4096];
        const char *name = list.text.ptr + list.at[i];
        int n = snprintf(full, sizeof full, "%s/%s/%s", path, name[0] == 'c' ? "cur" : "new", name + 1);
        if (n < (int)sizeof full)
            work_item(p, file, str_of(full, n))->what = ITEM_FILE;
        else
            good = err_set(e, ERR_INPUT, "maildir.name", "name the Maildir from a folder nearer to it", "the name %.80s… is too long", full);
    }
    arena_free(&list.text_mem);
    arena_free(&list.index_mem);
    return good;
}

void maildir_keywords(arena *a, str name, struct strs *out)
{
    static const struct {
        char letter;
        str keyword;
    } table[] = {{'D', {"$draft", 6}},    {'F', {"$flagged", 8}}, {'P', {"$forwarded", 10}},
                 {'R', {"$answered", 9}}, {'S', {"$seen", 5}},    {'T', {"$deleted", 8}}};
    *out = (struct strs){0};
    ptrdiff_t at = str_find(name, S(":2,"));
    if (at < 0)
        return;
    str flags = str_skip(name, at + 3);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (str_find_byte(flags, table[i].letter) >= 0)
            strs_add(a, out, table[i].keyword);
}
