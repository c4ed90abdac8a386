# The unit in a booted systemd. Needs root; installs nothing on this machine.

.PHONY: service-test
service-test: $(O)/riverd $(MANUAL) ## the unit in a booted systemd on a real Kafka: kill -9, watchdog, reload, drain (root)
	@scripts/bootstrap --packaging
	@scripts/servers/kafka install && scripts/servers/registry install && test/service/sysroot system >/dev/null
	test/service/private python3 test/service/service_test.py
