/* Any octets are a netrc and a sealed text: they give a password, open or not, and never a false one. */
#include "secret/secret.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int file_of(const uint8_t *data, size_t size)
{
    static int fd = -1;
    if (fd < 0) {
        char path[40];
        fd = memfd_create("netrc", 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        setenv("NETRC", path, 1);
    }
    bool good = fd >= 0 && fchmod(fd, 0600) == 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size;
    assert(good);
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static arena mem;
    if (!mem.base)
        mem = arena_new((size_t)64 << 20);
    arena_reset(&mem);
    if (size > 8192)
        return 0;
    struct err e;
    str text = str_of((const char *)data, (ptrdiff_t)size), found;
    file_of(data, size);
    if (secret_get(&mem, S("netrc:one.example"), &found, &e))
        assert(found.len > 0 && found.len <= text.len);
    if (secret_get(&mem, S("netrc:one.example/ann"), &found, &e))
        assert(str_find(text, S("ann")) >= 0 || str_find_byte(text, '\\') >= 0); /* quoted, it may be written \a\n\n */

    struct seal_keys keys = {.n = 1, .key = {{{1, 2, 3}}}, .from = S("here")};
    assert(!secret_unseal(&mem, &keys, S("x"), text, &found, &e));
    assert(!secret_unseal(&mem, &keys, S("x"), str_fmt(&mem, "sealed:v1:%.*s", STR_ARG(text)), &found, &e));
    bool back = secret_unseal(&mem, &keys, S("x"), secret_seal(&mem, &keys.key[0], S("x"), text), &found, &e);
    assert(back && str_eq(found, text));
    return 0;
}
