# Faults on a real broker, judged by the oracle.

MINUTES ?= 50

.PHONY: campaign campaign-short
campaign: $(O)/riverd $(O)/sim $(LIB_O) $(DAEMON_O) $(TESTLIB_O) $(O)/libriver.a ## faults on a real Kafka, 200,000 histories, every planted bug (MINUTES=50; again to go on)
	@RIVERD=$(abspath $(O)/riverd) test/integration/python test/campaign/campaign.py long --minutes $(MINUTES)

campaign-short: $(O)/riverd ## at least 100 kills of riverd on a real Kafka, every failpoint visited
	@RIVERD=$(abspath $(O)/riverd) test/integration/python test/campaign/campaign.py short --jobs 2
