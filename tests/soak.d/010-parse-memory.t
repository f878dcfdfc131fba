#!/bin/sh
# The memory of mail-parse over messages and mbox files of PARSE_OCTETS each (1 GiB).
PARSE_OCTETS=${PARSE_OCTETS:-1073741824} exec "${0%/*}/../cli/123-parse-memory.t"
