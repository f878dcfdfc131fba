/* The trace of a connection: whatever either side says, in pieces of any size, the secret is not in it.
 *
 * Input: octets of flags before each piece (who speaks, what it is about, how long it is), then the piece. */
#include "net/private.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static const char secret[] = "S3cret-word";
static int trace;

static void begin(void)
{
    char path[] = "/tmp/mailpipe-fuzz-net-XXXXXX";
    struct err e;
    trace = mkstemp(path);
    if (trace < 0 || !net_trace_to(path, &e))
        abort();
    unlink(path);
}

static void judge(void)
{
    static char text[1 << 20];
    ssize_t n = pread(trace, text, sizeof text - 1, 0);
    assert(n >= 0);
    assert(!memmem(text, (size_t)n, secret, sizeof secret - 1));
    for (ssize_t i = 0; i < n; i++)
        assert((unsigned char)text[i] >= 0x20 || text[i] == '\n');
    if (ftruncate(trace, 0) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static struct net n;
    static char host[] = "mx.example:993";
    if (!trace)
        begin();
    memset(&n, 0, sizeof n);
    n.host = host;
    n.target.protocol = size && data[0] & 1 ? S("imap") : S("smtp");
    net_secret(&n, str_c(secret));
    for (str rest = str_of((const char *)data, (ptrdiff_t)size); rest.len > 1;) {
        unsigned char flags = (unsigned char)rest.ptr[0], length = (unsigned char)rest.ptr[1];
        str piece = str_first(str_skip(rest, 2), length);
        net_matter(&n, (enum net_matter)(flags >> 1 & 3));
        trace_octets(&n, flags >> 3 & 1, piece);
        rest = str_skip(rest, 2 + piece.len);
    }
    trace_end(&n);
    judge();
    return 0;
}
