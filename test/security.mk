# TLS, passwords and strangers, on a real broker and a real registry.

.PHONY: security
security: $(O)/riverd ## TLS and SASL to Kafka, registry and model; wrong certificates and passwords; hostile HTTP clients
	RIVERD=$(abspath $(O)/riverd) python3 test/security/security_test.py
