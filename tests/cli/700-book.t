#!/bin/sh
# The commands of the tutorial and of the chapters that explain, in a test bed.
. "${0%/*}/../lib.sh"
. "$TOP/tests/cli/book.sh"
book_start
"$TOP/tests/cli/book.py" tutorial.md
