# riverd on a real Kafka, judged by an oracle in another language.

EVENTS ?= 50000

.PHONY: integration
integration: $(O)/riverd ## riverd on a real Kafka against the oracle (EVENTS=50000)
	@RIVERD=$(abspath $(O)/riverd) EVENTS=$(EVENTS) test/integration/run
