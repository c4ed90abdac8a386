# Fuzzing. A target is one file test/fuzz/fuzz_NAME.c with its seeds in test/fuzz/corpus/NAME/.
#
#   make fuzz SECONDS=60           every target for that long (clang, libFuzzer, ASan, UBSan)
#   make fuzz TARGETS=json         only some
#   make fuzz-replay               the seeds once through every target, with any compiler
#
# What a run finds is kept in build/fuzz/found/NAME/; crashes are build/fuzz/NAME-crash-*.

SECONDS ?= 60
FUZZ_C  := $(sort $(wildcard test/fuzz/fuzz_*.c))
FUZZ_ALL := $(FUZZ_C:test/fuzz/fuzz_%.c=%)
TARGETS ?= $(FUZZ_ALL)

# The library once more, with the fuzzer's instrumentation.
.PHONY: fuzz
fuzz: ## fuzz every target (SECONDS=60, TARGETS="json decoder ...")
	@$(MAKE) --no-print-directory O=build/fuzz CC=clang fuzz-programs TARGETS="$(TARGETS)" \
		OPT="-O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined"
	@set -e; for name in $(TARGETS); do \
		mkdir -p build/fuzz/found/$$name; \
		echo "fuzz $$name for $(SECONDS) s"; \
		build/fuzz/fuzz_$$name -max_total_time=$(SECONDS) -max_len=4096 -timeout=10 -print_final_stats=1 \
			-artifact_prefix=build/fuzz/$$name- build/fuzz/found/$$name test/fuzz/corpus/$$name \
			>build/fuzz/$$name.log 2>&1 || { tail -40 build/fuzz/$$name.log; exit 1; }; \
		grep -E 'number_of_executed_units|new_units_added' build/fuzz/$$name.log; \
	done

.PHONY: fuzz-programs
fuzz-programs: $(TARGETS:%=$(O)/fuzz_%)

$(O)/fuzz_%: $(O)/test/fuzz/fuzz_%.o $(O)/libriver.a
	@echo "  LD  $@"
	$(Q)$(CC) $(CFLAGS) -fsanitize=fuzzer,address,undefined $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(O)/replay_%: $(O)/test/fuzz/fuzz_%.o $(O)/test/fuzz/replay.o $(O)/libriver.a
	@echo "  LD  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

.PHONY: fuzz-replay
fuzz-replay: $(FUZZ_ALL:%=$(O)/replay_%) ## run the seeds of every fuzz target once
	@failed=0; for name in $(FUZZ_ALL); do printf '%s: ' $$name; \
		$(O)/replay_$$name test/fuzz/corpus/$$name/* || { echo "FAIL $$name"; failed=$$((failed + 1)); }; done; \
	echo "$$(($(words $(FUZZ_ALL)) - failed)) passed, $$failed failed"; [ $$failed -eq 0 ]

-include $(FUZZ_C:%.c=$(O)/%.d)
