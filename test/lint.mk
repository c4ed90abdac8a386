# Static checks, and the proof that each of them can fail.

.PHONY: lint
lint: $(LIB_O) $(DAEMON_O) ## static checks: floors, house rules, format, shellcheck, clang-tidy
	@LINT_OBJECTS=$(O) LINT_CPPFLAGS='$(PKG_CFLAGS)' scripts/lint

.PHONY: lint-selftest
lint-selftest: ## plant one fault for each check and see it found
	scripts/lint-selftest
