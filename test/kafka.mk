# The Kafka floor against a real broker.

KAFKA_DRIVER := $(O)/kafka_driver

$(KAFKA_DRIVER): $(O)/test/integration/kafka_driver.o $(O)/libriver.a
	@echo "  LD  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

.PHONY: kafka-floor
kafka-floor: $(KAFKA_DRIVER) ## source, sink and recovery against a real Apache Kafka (downloads it once)
	test/integration/test_kafka_floor.sh $(KAFKA_DRIVER)
