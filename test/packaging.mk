# What ships: the unit, the image's recipe, what `make install` puts where.

.PHONY: packaging
packaging: $(O)/riverd $(MANUAL) ## check the systemd unit, the Dockerfile's packages and what install would do
	test/packaging/run
