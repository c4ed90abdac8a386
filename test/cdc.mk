# Real change data capture: PostgreSQL, Debezium, Kafka Connect.

.PHONY: cdc
cdc: $(O)/riverd ## riverd behind PostgreSQL and Debezium, in four forms of capture (downloads them once)
	RIVERD=$(abspath $(O)/riverd) python3 test/cdc/cdc_test.py
