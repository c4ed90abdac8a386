# Fuzzing. A target is one file test/fuzz/fuzz_NAME.c with its seeds in test/fuzz/corpus/NAME/.
#
#   make fuzz SECONDS=60           every target for that long, JOBS=2 at once (clang, libFuzzer, ASan, UBSan)
#   make fuzz TARGETS=json         only some
#   make fuzz-replay               the seeds once through every target, with any compiler
#
# What a run finds is kept in build/fuzz/found/NAME/; what crashes, as build/fuzz/NAME-crash-*.

SECONDS ?= 60
JOBS    ?= $(shell nproc)
FUZZ_C  := $(sort $(wildcard test/fuzz/fuzz_*.c))
FUZZ_ALL := $(FUZZ_C:test/fuzz/fuzz_%.c=%)
TARGETS ?= $(FUZZ_ALL)

# The library once more, with the fuzzer's instrumentation.
.PHONY: fuzz
fuzz: ## fuzz everything that comes from outside (SECONDS=60 each, JOBS=cores, TARGETS="json decoder ...")
	@$(MAKE) --no-print-directory O=build/fuzz CC=clang fuzz-programs TARGETS="$(TARGETS)" \
		OPT="-O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined"
	@test/fuzz/run build/fuzz $(SECONDS) $(JOBS) $(TARGETS)

.PHONY: fuzz-programs
fuzz-programs: $(TARGETS:%=$(O)/fuzz_%) $(O)/fuzz_planted

$(O)/fuzz_%: $(O)/test/fuzz/fuzz_%.o $(O)/libriver.a
	@echo "  LD  $@"
	$(Q)$(CC) $(CFLAGS) -fsanitize=fuzzer,address,undefined $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(O)/fuzz_planted: $(O)/test/fuzz/planted.o
	@echo "  LD  $@"
	$(Q)$(CC) $(CFLAGS) -fsanitize=fuzzer,address,undefined $(LDFLAGS) -o $@ $^

$(O)/replay_%: $(O)/test/fuzz/fuzz_%.o $(O)/test/fuzz/replay.o $(O)/libriver.a
	@echo "  LD  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

.PHONY: fuzz-replay
fuzz-replay: $(FUZZ_ALL:%=$(O)/replay_%) ## run the seeds of every fuzz target once
	@failed=0; for name in $(FUZZ_ALL); do printf '%s: ' $$name; \
		$(O)/replay_$$name test/fuzz/corpus/$$name/* || { echo "FAIL $$name"; failed=$$((failed + 1)); }; done; \
	echo "$$(($(words $(FUZZ_ALL)) - failed)) passed, $$failed failed"; [ $$failed -eq 0 ]

-include $(FUZZ_C:%.c=$(O)/%.d)
