# The database is lost, on a real Kafka.

REBUILD_EVENTS ?= 12000
REBUILD_ROUNDS ?= 2

.PHONY: rebuild
rebuild: $(O)/riverd ## lose the database, run --rebuild on a real Kafka, compare (REBUILD_EVENTS=12000 REBUILD_ROUNDS=2)
	@RIVERD=$(abspath $(O)/riverd) test/integration/run-rebuild --events $(REBUILD_EVENTS) --rounds $(REBUILD_ROUNDS)
