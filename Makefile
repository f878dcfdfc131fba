# mailpipe: mail over pipes.
#   make            the programs, in build/bin
#   make check      every test; ends with "N passed, N failed"
#   make demo       the pipeline on share/sample
#   make SAN=1 ...  the same under AddressSanitizer and UndefinedBehaviorSanitizer, in build-san
#   make html       the book and the manual pages, in build/html
#   make completions   for bash and zsh, in build/completions
#   make deb        a Debian package, in build/deb
#   make lint, make fuzz, make bench, make soak, make install DESTDIR= PREFIX=, make clean

PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= cc
VERSION := 0.1.0

ifdef SAN
BUILD    := build-san
OPTIMIZE := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else
BUILD    := build
OPTIMIZE := -O2 -g -D_FORTIFY_SOURCE=2
endif

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion
HARDEN   := -fstack-protector-strong -fPIE
override CFLAGS   := -std=c11 $(OPTIMIZE) $(WARNINGS) $(HARDEN) $(CFLAGS)
override CPPFLAGS := -D_GNU_SOURCE -DMAILPIPE_VERSION='"$(VERSION)"' -Ilib -Icmd $(CPPFLAGS)
override LDFLAGS  := -pie -Wl,--as-needed -Wl,-z,relro,-z,now -Wl,-z,noexecstack $(LDFLAGS)
LDLIBS   := -lcurl -lsqlite3 -lssl -lcrypto -lpthread

PROGRAMS  := $(sort $(patsubst cmd/%/main.c,%,$(wildcard cmd/*/main.c)))
BINARIES  := $(PROGRAMS:%=$(BUILD)/bin/%)
LIB       := $(BUILD)/libmailpipe.a
LIB_OBJ   := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard lib/*/*.c))) $(BUILD)/gen/schema_sql.o
SQL       := $(sort $(wildcard schema/sql/*.sql))
UNIT      := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(sort $(wildcard tests/unit/*.c)))
FUZZ      := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(sort $(wildcard tests/fuzz/*.c)))

all: $(BINARIES)

# Objects of cmd/NAME other than main.o, so that unit tests can call a program's domain work.
cmd_obj = $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard cmd/$(1)/*.c)))

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# schema/sql/0001_init.up.sql becomes a row of schema_sql[] (lib/store/schema.h).
$(BUILD)/gen/schema_sql.c: $(SQL) contrib/embed-sql
	@mkdir -p $(@D)
	contrib/embed-sql $(SQL) >$@.tmp && mv $@.tmp $@

$(BUILD)/gen/%.o: $(BUILD)/gen/%.c
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(LIB_OBJ)
	@rm -f $@
	ar rcs $@ $(LIB_OBJ)

.SECONDEXPANSION:
$(BINARIES): $(BUILD)/bin/%: $$(call cmd_obj,$$*) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIB) $(LDLIBS)

# The programs again, with a wall clock that tests set (tests/clock.c).
TIMED := $(PROGRAMS:%=$(BUILD)/timed/%)
$(TIMED): $(BUILD)/timed/%: $$(call cmd_obj,$$*) $(BUILD)/tests/clock.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIB) $(LDLIBS)

timed: $(TIMED)

# A unit test links the library; tests/unit/NAME.c may say which program's files it needs
# with a line "// uses cmd/NAME".
$(BUILD)/tests/unit/%: tests/unit/%.c tests/unit/tap.h $(LIB) $$(shell sed -n 's,^// uses \(cmd/.*\),\1,p' tests/unit/$$*.c | xargs -I{} find {} -name '*.c' ! -name main.c)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests/unit $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $(filter %.c,$^) $(LIB) $(LDLIBS) -ljansson

unit: $(UNIT)

# libFuzzer targets, built from sources so that everything is instrumented.
$(BUILD)/fuzz/%: tests/fuzz/%.c $(wildcard lib/*/*.c) $(BUILD)/gen/schema_sql.c
	@mkdir -p $(@D)
	clang $(CPPFLAGS) -std=c11 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o $@ $(filter %.c,$^) $(LDLIBS)

fuzz: $(FUZZ)
	tests/fuzz/run $(FUZZ)

check: all unit timed
	BUILD=$(BUILD) tests/run

lint: all
	tests/lint

bench: all
	tests/bench/run

soak: all unit timed
	BUILD=$(BUILD) tests/soak

demo: all
	BUILD=$(BUILD) contrib/demo

# Completion for bash and zsh, out of what each program says of itself.
COMPLETIONS := $(foreach p,$(PROGRAMS),$(BUILD)/completions/bash/$(p) $(BUILD)/completions/zsh/_$(p))

completions: $(COMPLETIONS)

$(BUILD)/completions/%.tsv: $(BUILD)/bin/%
	@mkdir -p $(@D)/bash $(@D)/zsh
	$< --help-table >$@.tmp && mv $@.tmp $@

$(BUILD)/completions/bash/%: $(BUILD)/completions/%.tsv contrib/completion
	contrib/completion bash $* $< >$@.tmp && mv $@.tmp $@

$(BUILD)/completions/zsh/_%: $(BUILD)/completions/%.tsv contrib/completion
	contrib/completion zsh $* $< >$@.tmp && mv $@.tmp $@

html:
	contrib/book-html $(BUILD)/html

deb:
	contrib/build-deb $(BUILD)/deb

DATA := $(DESTDIR)$(PREFIX)/share
ZSH_COMPLETIONS ?= $(PREFIX)/share/zsh/site-functions

install: all completions
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/mailpipe $(DATA)/man/man1 $(DATA)/man/man5 $(DATA)/man/man7 \
	    $(DATA)/mailpipe/schema $(DATA)/doc/mailpipe $(DATA)/bash-completion/completions $(DESTDIR)$(ZSH_COMPLETIONS)
	install -m 755 $(BINARIES) contrib/mailpipe-setup contrib/mailpipe-job $(DESTDIR)$(PREFIX)/bin
	install -m 755 contrib/sendmail $(DESTDIR)$(PREFIX)/libexec/mailpipe
	install -m 644 cmd/*/*.1 $(DATA)/man/man1
	for s in 1 5 7; do for m in doc/*.$$s; do \
	    [ ! -e $$m ] || install -m 644 $$m $(DATA)/man/man$$s || exit 1; done; done
	install -m 644 schema/*.json $(DATA)/mailpipe/schema
	cp -R share/. contrib/systemd $(DATA)/mailpipe
	install -m 644 doc/*.md doc/*.svg $(DATA)/doc/mailpipe
	install -m 644 $(BUILD)/completions/bash/* $(DATA)/bash-completion/completions
	install -m 644 $(BUILD)/completions/zsh/* $(DESTDIR)$(ZSH_COMPLETIONS)

clean:
	rm -rf build build-san

.PHONY: all unit timed fuzz check lint bench soak demo html completions deb install clean
.SECONDARY:

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
