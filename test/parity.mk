# The same answer as Flink SQL (etc/flink), record by record and field by field.
#
#   make parity PARITY_SEEDS="1 2 3" PARITY_EVENTS=5000
#   make parity-million                one run of a million events
#   make parity-short                  one seed, a few minutes

PARITY_SEEDS  ?= $(if $(filter command line,$(origin SEEDS)),$(SEEDS),1 2 3)
PARITY_EVENTS ?= $(if $(filter command line,$(origin EVENTS)),$(EVENTS),5000)
PARITY = RIVERD=$(abspath $(O)/riverd) test/parity/run

.PHONY: parity
parity: $(O)/riverd ## riverd against Flink SQL on real Kafka: batch and streaming (SEEDS="1 2 3" EVENTS=5000)
	@$(PARITY) --seeds "$(PARITY_SEEDS)" --events $(PARITY_EVENTS) --results $(abspath $(O))/parity.jsonl

.PHONY: parity-million
parity-million: $(O)/riverd ## the same with a million events
	@FLINK_HEAP=3g $(PARITY) --seeds 1 --events 1000000 --results $(abspath $(O))/parity.jsonl

.PHONY: parity-short
parity-short: $(O)/riverd ## the same with one seed and few events, within four minutes
	@$(PARITY) --seeds 1 --events 2000
