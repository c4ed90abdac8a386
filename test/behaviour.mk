# The live daemon's behaviour against a real broker and a real registry.

.PHONY: behaviour
behaviour: $(O)/riverd ## the live daemon: waits, stops, reloads, failures around it (real Kafka and registry)
	RIVERD=$(abspath $(O)/riverd) python3 test/integration/behaviour_test.py
