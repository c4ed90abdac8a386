# The database is lost, on a real Kafka.

.PHONY: rebuild
rebuild: $(O)/riverd ## lose the database, run --rebuild on a real Kafka, compare with the oracle (EVENTS=12000)
	@RIVERD=$(abspath $(O)/riverd) test/integration/run-rebuild
