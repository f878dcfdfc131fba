#include "sign/sign.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <time.h>

static int no_passphrase(char *to, int size, int for_writing, void *with)
{
    (void)to, (void)size, (void)for_writing, (void)with;
    return -1;
}

bool certificate_ends(str pem, str what, int64_t *at, struct err *e)
{
    BIO *in = BIO_new_mem_buf(pem.len ? pem.ptr : "", (int)pem.len);
    struct tm end;
    bool found = false, good = true;
    for (X509 *x; good && (x = PEM_read_bio_X509(in, NULL, no_passphrase, NULL)); X509_free(x)) {
        good = ASN1_TIME_to_tm(X509_get0_notAfter(x), &end) == 1;
        int64_t ends = good ? (int64_t)timegm(&end) : 0;
        *at = !found || ends < *at ? ends : *at;
        found = true;
    }
    ERR_clear_error();
    BIO_free(in);
    return (found && good) || err_set(e, ERR_CONFIG, "smime.certificate", NULL, "%.*s holds no certificate in PEM", STR_ARG(what));
}
