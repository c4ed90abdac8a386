# The commands an operator types, on a real Kafka.

.PHONY: dead-letters
dead-letters: $(O)/riverd ## riverd dead-letters and riverd top on a real Kafka and registry
	RIVERD=$(abspath $(O)/riverd) timeout -k 5 900 python3 test/integration/dead_letters_test.py
