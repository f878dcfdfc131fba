/* SCRAM (RFC 5802, RFC 7677): its three messages and the arithmetic. Private to the room. */
#ifndef SASL_SCRAM_H
#define SASL_SCRAM_H

#include "sasl/sasl.h"

str scram_first(struct sasl *s);
bool scram_final(struct sasl *s, str server_first, str *message, struct err *e);
bool scram_verify(struct sasl *s, str server_final, struct err *e);

#endif
