# riverd: build, test, install. `make help` lists what there is.
#
#   make                 build/riverd
#   make SAN=address     everything under AddressSanitizer and UBSan (build/address/)
#   make SAN=thread      everything under ThreadSanitizer
#   make CC=clang        with another compiler
#   make V=1             show the commands

VERSION  := $(shell cat VERSION)
REVISION := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
SAN      ?=
V        ?=
Q        := $(if $(V),,@)
O        ?= build$(if $(SAN),/$(SAN))

# Where install puts things; DESTDIR comes before all of them. The names in capitals work as well.
prefix      ?= $(or $(PREFIX),/usr/local)
exec_prefix ?= $(prefix)
bindir      ?= $(or $(BINDIR),$(exec_prefix)/bin)
sysconfdir  ?= $(or $(SYSCONFDIR),/etc)
datarootdir ?= $(prefix)/share
datadir     ?= $(or $(DATADIR),$(datarootdir))
mandir      ?= $(datarootdir)/man
systemdsystemunitdir ?= $(or $(UNITDIR),/lib/systemd/system)
bashcompletiondir    ?= $(datadir)/bash-completion/completions
INSTALL         ?= install
INSTALL_PROGRAM ?= $(INSTALL) -m 0755
INSTALL_DATA    ?= $(INSTALL) -m 0644

PACKAGES := rdkafka libuv libcurl libcjson sqlite3 libmicrohttpd libcrypto libxxhash
PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) avro-c)
PKG_LIBS   := $(shell pkg-config --libs $(PACKAGES) avro-c)

# $(call known,-fsome-flag): the flag when the compiler knows it
known = $(shell $(CC) -Werror $(1) -x c -c /dev/null -o /dev/null 2>/dev/null && echo $(1))

WARN   := -Wall -Wextra -Werror -Wshadow -Wformat=2 -Wformat-security -Wstrict-prototypes \
          -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wundef -Wvla
HARDEN := -fstack-protector-strong -fPIE -fno-strict-aliasing
HARDEN_LINK := -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed

ifneq ($(SAN),)
WARN += $(call known,-Wno-format-truncation) # at -O1 gcc warns of cuts that cannot happen
endif

ifeq ($(SAN),address)
OPT := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
else ifeq ($(SAN),thread)
OPT := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
else
OPT := -O2 -g -D_FORTIFY_SOURCE=2
HARDEN += $(call known,-fstack-clash-protection) $(call known,-ftrivial-auto-var-init=zero)
ifeq ($(shell uname -m),x86_64)
HARDEN += -fcf-protection=full
endif
endif

CPPFLAGS += -D_GNU_SOURCE -Ilib -Idaemon -I. -DRIVERD_VERSION='"$(VERSION)"' -DRIVERD_REVISION='"$(REVISION)"' \
            $(PKG_CFLAGS)
CFLAGS   += -std=c11 $(OPT) $(WARN) $(HARDEN) -pthread
LDLIBS   += $(PKG_LIBS) -lm

LIB_C    := $(sort $(wildcard lib/*/*.c))
DAEMON_C := $(sort $(wildcard daemon/*.c))
TESTLIB_C := $(sort $(wildcard test/lib/*.c))
UNIT_C   := $(sort $(wildcard test/unit/test_*.c))

LIB_O    := $(LIB_C:%.c=$(O)/%.o)
DAEMON_O := $(DAEMON_C:%.c=$(O)/%.o)
# everything of the daemon but main(), for tests
DAEMON_PARTS_O := $(filter-out $(O)/daemon/main.o,$(DAEMON_O))
TESTLIB_O := $(TESTLIB_C:%.c=$(O)/%.o)
UNIT_BIN := $(UNIT_C:test/unit/%.c=$(O)/unit/%)

.PHONY: all
all: $(O)/riverd ## build the daemon

$(O)/riverd: $(DAEMON_O) $(O)/libriver.a
	@echo "  LD  $@"
	$(Q)$(CC) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(O)/libriver.a: $(LIB_O)
	@rm -f $@
	$(Q)$(AR) rcsP $@ $^

# The version is compiled into few files; rebuild those when it changes.
$(O)/%.o: %.c VERSION
	@mkdir -p $(@D)
	@echo "  CC  $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(O)/unit/%: $(O)/test/unit/%.o $(TESTLIB_O) $(DAEMON_PARTS_O) $(O)/libriver.a
	@mkdir -p $(@D)
	@echo "  LD  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS)

.PHONY: unit
unit: $(UNIT_BIN) ## build and run the unit tests
	@scripts/run-unit $(UNIT_BIN)

# What is told of in the program's own tables: the manual and the shell's completion.
MANUAL := $(addprefix $(O)/share/,riverd.8 riverd.conf.5 riverd.bash)

.PHONY: manual
manual: $(MANUAL) ## the manual pages and the completion for bash, in build/share/

$(O)/share/%: $(O)/riverd
	@mkdir -p $(@D)
	$(Q)$(O)/riverd --manual $* >$@.new && mv $@.new $@

# Never overwrites a configuration. DESTDIR is for packages.
.PHONY: install
install: $(O)/riverd $(MANUAL) ## install the daemon, its unit, manual, sample configuration and examples
	$(INSTALL) -d $(DESTDIR)$(bindir) $(DESTDIR)$(systemdsystemunitdir) \
		$(DESTDIR)$(datadir)/riverd/providers $(DESTDIR)$(datadir)/riverd/flink \
		$(DESTDIR)$(mandir)/man5 $(DESTDIR)$(mandir)/man8 $(DESTDIR)$(bashcompletiondir) $(DESTDIR)$(sysconfdir)/riverd
	$(INSTALL_PROGRAM) $(O)/riverd $(DESTDIR)$(bindir)/riverd
	sed 's|/usr/bin/riverd|$(bindir)/riverd|g; s|/etc/riverd|$(sysconfdir)/riverd|g' systemd/riverd.service \
		>$(O)/share/riverd.service
	$(INSTALL_DATA) $(O)/share/riverd.service $(DESTDIR)$(systemdsystemunitdir)/riverd.service
	$(INSTALL_DATA) $(O)/share/riverd.8 $(DESTDIR)$(mandir)/man8/riverd.8
	$(INSTALL_DATA) $(O)/share/riverd.conf.5 $(DESTDIR)$(mandir)/man5/riverd.conf.5
	$(INSTALL_DATA) $(O)/share/riverd.bash $(DESTDIR)$(bashcompletiondir)/riverd
	$(INSTALL_DATA) etc/riverd.conf etc/grafana/riverd.json etc/prometheus/riverd.rules.yml \
		$(DESTDIR)$(datadir)/riverd
	$(INSTALL_DATA) $(wildcard etc/providers/*) $(DESTDIR)$(datadir)/riverd/providers
	$(INSTALL_DATA) $(filter-out etc/flink/submit,$(wildcard etc/flink/*)) $(DESTDIR)$(datadir)/riverd/flink
	$(INSTALL) -m 0755 etc/flink/submit $(DESTDIR)$(datadir)/riverd/flink/submit
	test -e $(DESTDIR)$(sysconfdir)/riverd/riverd.conf || \
		$(INSTALL_DATA) etc/riverd.conf $(DESTDIR)$(sysconfdir)/riverd/riverd.conf

.PHONY: install-strip
install-strip: ## the same without debugging symbols
	$(MAKE) install INSTALL_PROGRAM='$(INSTALL_PROGRAM) -s'

.PHONY: uninstall
uninstall: ## remove what install put there; keeps configuration and state
	rm -f $(DESTDIR)$(bindir)/riverd $(DESTDIR)$(systemdsystemunitdir)/riverd.service \
		$(DESTDIR)$(mandir)/man8/riverd.8 $(DESTDIR)$(mandir)/man5/riverd.conf.5 $(DESTDIR)$(bashcompletiondir)/riverd
	rm -rf $(DESTDIR)$(datadir)/riverd

.PHONY: clean
clean: ## remove build/
	rm -rf build

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile $(wildcard test/*.mk) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

# What a folder of lib/ needs besides compiling, and the targets of the test suites, one file a suite.
include $(sort $(wildcard lib/*/*.mk))
include $(sort $(wildcard test/*.mk))

-include $(LIB_O:.o=.d) $(DAEMON_O:.o=.d) $(TESTLIB_O:.o=.d) $(UNIT_C:%.c=$(O)/%.d)
.SECONDARY:
