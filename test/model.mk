# The protocol as a transition system, explored to the end.

.PHONY: model
model: ## every interleaving of the exactly-once protocol, and every broken rule found bad
	@python3 -B test/model/check.py

.PHONY: model-deep
model-deep: ## the same with three inputs in every weather
	@python3 -B test/model/check.py --deep
