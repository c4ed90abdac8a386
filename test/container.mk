# The image: built without a registry of images, and run as a careful operator would.

.PHONY: image
image: ## build the image of the Dockerfile with buildah as localhost/riverd:test (root)
	@scripts/bootstrap --packaging
	@test/container/build

.PHONY: container-test
container-test: image ## the image on a real Kafka: read-only, numeric user, health, stop, restart, volume (root)
	@scripts/servers/kafka install && scripts/servers/registry install
	test/service/private python3 test/container/container_test.py

.PHONY: compose-test
compose-test: $(O)/riverd ## compose.yaml: valid, and its settings tried on a real Kafka and registry (root)
	@scripts/bootstrap --packaging
	@scripts/servers/kafka install && scripts/servers/registry install
	RIVERD=$(abspath $(O)/riverd) test/service/private python3 test/container/compose_test.py
