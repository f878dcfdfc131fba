#!/bin/sh
# The commands of the tutorial and of the chapters that explain, each in a folder, in a test bed.
. "${0%/*}/../lib.sh"
. "$TOP/tests/cli/book.sh"
book_start
"$TOP/tests/cli/book.py" tutorial.md record.md security.md operations.md
