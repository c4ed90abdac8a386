# What the extractive summary costs. It runs on the loop: instructions (callgrind) and
# the best time of many. The first row is small, the second one fills the budget and
# more, the third is one review that is too long.

BENCH_EXTRACTIVE ?= 5,130 500,130 1,1000000

$(O)/bench_extractive: $(O)/test/bench/bench_extractive.o $(O)/libriver.a
	@echo "  LD  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

.PHONY: bench-extractive
bench-extractive: $(O)/bench_extractive ## instructions and time of an extractive summary
	@set -e; for row in $(BENCH_EXTRACTIVE); do \
		size=$$(echo $$row | tr , ' '); \
		$(O)/bench_extractive $$size; \
		BENCH_ONCE=1 valgrind --tool=callgrind --callgrind-out-file=$(O)/bench_extractive.callgrind \
			--toggle-collect=extractive_summarise $(O)/bench_extractive $$size 2>&1 >$(O)/bench_extractive.out | \
			sed -n 's/.*Collected : \([0-9]*\).*/    \1 instructions/p'; \
	done

-include $(O)/test/bench/bench_extractive.d
