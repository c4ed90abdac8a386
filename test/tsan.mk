# The loop and the committer under ThreadSanitizer, with librdkafka's threads around them.

.PHONY: tsan
tsan: ## the whole daemon (demo --once), and the Kafka clients, under ThreadSanitizer
	@$(MAKE) --no-print-directory SAN=thread tsan-run

$(O)/threads.so: test/tsan/threads.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE -O1 -g $(WARN) -fPIC -shared -o $@ $< -pthread

.PHONY: tsan-run
tsan-run: $(O)/threads.so $(O)/riverd $(addprefix $(O)/unit/test_,async publisher rebuild sink source database)
	@test/tsan/run $(O)
