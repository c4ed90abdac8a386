# The documented configurations for providers of models. What providers answer is
# in test/providers/*.txt and played by the unit test test_providers.

.PHONY: providers
providers: $(O)/riverd ## check the configurations in etc/providers and what riverd asks with them
	test/providers/run $(O)/riverd
