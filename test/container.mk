# The image: built without a registry of images, and run as a careful operator would.

.PHONY: image
image: ## build the image of the Dockerfile with buildah as localhost/riverd:test (root)
	@scripts/bootstrap --packaging
	@test/container/build

.PHONY: container-test
container-test: image ## the image on a real Kafka: read-only, numeric user, health, stop, restart, volume (root)
	@scripts/servers/kafka install && scripts/servers/registry install
	test/service/private python3 test/container/container_test.py
