# The same answer as Flink SQL (etc/flink), record by record and field by field.
#
#   make parity PARITY_SEEDS="1 2 3 4" PARITY_EVENTS=5000
#   make parity-million                one run of a million events
#   make parity-short                  one seed, a few minutes
#   make parity-live                   unbounded, while records come in
#   make parity-hand-over              from riverd to Flink in mid-stream
#
# Seeds take turns with the generations of schemas: 1 has those of 2026, 2 of autumn 2025, 3 of spring
# 2025, 4 changes from autumn 2025 to 2026 in mid-stream, 5 is like 1.

PARITY_SEEDS  ?= $(if $(filter command line,$(origin SEEDS)),$(SEEDS),1 2 3 4)
PARITY_EVENTS ?= $(if $(filter command line,$(origin EVENTS)),$(EVENTS),5000)
PARITY = RIVERD=$(abspath $(O)/riverd) test/parity/run

.PHONY: parity
parity: $(O)/riverd ## riverd against Flink SQL on real Kafka: batch and streaming (SEEDS="1 2 3 4" EVENTS=5000)
	@$(PARITY) --seeds "$(PARITY_SEEDS)" --events $(PARITY_EVENTS) --results $(abspath $(O))/parity.jsonl

.PHONY: parity-million
parity-million: $(O)/riverd ## the same with a million events
	@FLINK_HEAP=3g $(PARITY) --seeds 1 --events 1000000 --results $(abspath $(O))/parity.jsonl

.PHONY: parity-short
parity-short: $(O)/riverd ## the same with one seed and few events, within four minutes
	@$(PARITY) --seeds 1 --events 2000

.PHONY: parity-hand-over
parity-hand-over: $(O)/riverd ## from riverd to Flink in mid-stream: nothing lost, nothing twice
	@$(PARITY) --seeds 1 --events 2000 --hand-over

.PHONY: parity-live
parity-live: $(O)/riverd ## riverd and Flink side by side while records come in: late, silent, unknown, poisoned
	@$(PARITY) --ongoing
