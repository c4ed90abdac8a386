# Hours under a steady stream, with a fault every minute.

.PHONY: soak
soak: $(O)/riverd ## a fault every minute on a real Kafka for MINUTES=20; again for more (test/campaign/SOAK.md)
	@RIVERD=$(abspath $(O)/riverd) test/integration/python test/campaign/soak.py run --minutes $(if $(filter command line environment,$(origin MINUTES)),$(MINUTES),20)
