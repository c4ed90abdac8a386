# Faults on a real broker, judged by the oracle.

MINUTES ?= 50

.PHONY: campaign campaign-short
campaign: $(O)/riverd ## the fault campaign on a real Kafka, MINUTES=50 of it; again to go on (test/campaign/RESULTS.md)
	@RIVERD=$(abspath $(O)/riverd) test/integration/python test/campaign/campaign.py long --minutes $(MINUTES)

campaign-short: $(O)/riverd ## at least 100 kills of riverd on a real Kafka, every failpoint visited
	@RIVERD=$(abspath $(O)/riverd) test/integration/python test/campaign/campaign.py short --jobs 2
