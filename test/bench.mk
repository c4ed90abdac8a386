# Instructions, which are the same on every run of one build, where times are not.

BENCH_SCHEMA ?= schemas/input/2026/clickstream-value.avsc
BENCH_TIMES  ?= 10000

$(O)/bench_decode: $(O)/test/bench/bench_decode.o $(O)/libriver.a
	@echo "  LD  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

.PHONY: bench-decode
bench-decode: $(O)/bench_decode ## instructions to decode one clickstream record (valgrind)
	@test/bench/count $(O)/bench_decode $(BENCH_SCHEMA) $(BENCH_TIMES)

-include $(O)/test/bench/bench_decode.d
