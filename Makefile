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

PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
SYSCONFDIR ?= /etc
UNITDIR    ?= /lib/systemd/system
DATADIR    ?= $(PREFIX)/share

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

# Never overwrites a configuration. DESTDIR is for packages.
.PHONY: install
install: $(O)/riverd ## install the daemon, its unit and its sample configuration
	install -D -m 0755 $(O)/riverd $(DESTDIR)$(BINDIR)/riverd
	install -d $(DESTDIR)$(UNITDIR)
	sed 's|/usr/bin/riverd|$(BINDIR)/riverd|g; s|/etc/riverd|$(SYSCONFDIR)/riverd|g' systemd/riverd.service \
		>$(DESTDIR)$(UNITDIR)/riverd.service
	chmod 0644 $(DESTDIR)$(UNITDIR)/riverd.service
	install -D -m 0644 etc/riverd.conf $(DESTDIR)$(DATADIR)/riverd/riverd.conf
	test -e $(DESTDIR)$(SYSCONFDIR)/riverd/riverd.conf || \
		install -D -m 0644 etc/riverd.conf $(DESTDIR)$(SYSCONFDIR)/riverd/riverd.conf

.PHONY: uninstall
uninstall: ## remove what install put there; keeps configuration and state
	rm -f $(DESTDIR)$(BINDIR)/riverd $(DESTDIR)$(UNITDIR)/riverd.service
	rm -rf $(DESTDIR)$(DATADIR)/riverd

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
