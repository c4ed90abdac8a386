# Bugs planted on purpose: each must be noticed by a test.

.PHONY: mutants
mutants: $(LIB_O) $(DAEMON_O) $(TESTLIB_O) $(O)/libriver.a ## plant each bug of test/mutants and see that a test notices
	@test/mutants/run

.PHONY: mutants-short
mutants-short: $(LIB_O) $(DAEMON_O) $(TESTLIB_O) $(O)/libriver.a ## the quick and most telling of them
	@test/mutants/run --short

.PHONY: mutants-check
mutants-check: ## whether each planted bug still fits the code
	@test/mutants/run --check
