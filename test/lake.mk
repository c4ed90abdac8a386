# Into the lake: the output topics as Delta tables, and the queries of a campaign on them.

LAKE_EVENTS ?= 20000

.PHONY: lake
lake: $(O)/riverd ## output topics to Delta tables as Tableflow would, and queried (LAKE_EVENTS=20000)
	@RIVERD=$(abspath $(O)/riverd) test/lake/run --events $(LAKE_EVENTS)
