# What the parts cost. Instructions, which are the same on every run of one
# build, where times are not; and how they grow.

BENCH_SHARED_O := $(addprefix $(O)/test/bench/,measure.o scratch.o drive.o)
BENCH_MICRO := bench_decode bench_join bench_pipeline bench_checkpoint bench_output bench_summary

$(addprefix $(O)/,$(BENCH_MICRO) bench_growth): $(O)/bench_%: $(O)/test/bench/bench_%.o $(BENCH_SHARED_O) \
		$(O)/libriver.a
	@echo "  LD  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

.PHONY: bench-limits
bench-limits: $(addprefix $(O)/,$(BENCH_MICRO)) ## instructions of decode, join, pipeline, checkpoint against their limits
	@test/bench/limits $(O)

.PHONY: bench-limits-update
bench-limits-update: $(addprefix $(O)/,$(BENCH_MICRO)) ## measure and write test/bench/limits.txt anew
	@test/bench/limits $(O) --update

-include $(wildcard $(O)/test/bench/*.d)

GROWTH ?= small

.PHONY: bench-growth
bench-growth: $(O)/bench_growth ## cost of an event as clicks, hotels, partitions, database grow (GROWTH=small|large)
	@rc=0; test/bench/growth $(O) $(GROWTH) test/bench/GROWTH.md || rc=$$?; \
		test/bench/run growth_plot.py && exit $$rc

# ---- against others, on a real Kafka ----

BENCH_EVENTS  ?= 1000000
BENCH_RUNS    ?= 3
# streams and flink can be named as well: see test/bench/NOTES.md
BENCH_SYSTEMS ?= riverd,count,decode,bytewax,flink-batch

$(O)/bench_floor: $(O)/test/bench/floor.o $(O)/libriver.a
	@echo "  LD  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(O)/bench_model: $(O)/test/bench/model.o
	@echo "  LD  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

BENCH_PROGRAMS := $(O)/riverd $(O)/bench_floor $(O)/bench_model
BENCH_RUN := RIVERD=$(abspath $(O)/riverd) test/bench/run

.PHONY: bench
bench: $(BENCH_PROGRAMS) ## riverd, bare consumers and peers on a real Kafka (BENCH_EVENTS=, BENCH_RUNS=, BENCH_SYSTEMS=)
	@scripts/bootstrap --tests
	@scripts/servers/kafka install && scripts/servers/registry install && scripts/servers/flink install
	@$(BENCH_RUN) compare.py --floor $(abspath $(O)/bench_floor) --model $(abspath $(O)/bench_model) \
		--events $(BENCH_EVENTS) --runs $(BENCH_RUNS) --systems $(BENCH_SYSTEMS) $(BENCH_ARGS)

.PHONY: bench-targets
bench-targets: $(BENCH_PROGRAMS) ## what one riverd promises: start, memory, idle CPU, latency, catch-up (real Kafka)
	@scripts/bootstrap --tests
	@$(BENCH_RUN) targets.py --floor $(abspath $(O)/bench_floor) --model $(abspath $(O)/bench_model) $(BENCH_ARGS)

.PHONY: bench-outside
bench-outside: $(BENCH_PROGRAMS) ## 10,000 targets at once and a backlog: the loop's lag and /livez (real Kafka)
	@scripts/bootstrap --tests
	@$(BENCH_RUN) outside.py --floor $(abspath $(O)/bench_floor) --model $(abspath $(O)/bench_model) $(BENCH_ARGS)
