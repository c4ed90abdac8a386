# Stories in virtual time, and the randomised comparison with the oracle.

SEEDS ?= 10000
FIRST ?= 1

SCENARIO_SHARED_O := $(addprefix $(O)/test/scenario/,calendar.o image.o)
PLAYER_O := $(SCENARIO_SHARED_O) $(addprefix $(O)/test/scenario/,words.o story_ports.o story_life.o story_setup.o \
            story_input.o story_expect.o player.o)
COMPARE_O := $(SCENARIO_SHARED_O) $(addprefix $(O)/test/scenario/,oracle.o world.o world_record.o run.o run_ports.o \
             run_check.o random_compare.o)
STORIES := $(sort $(wildcard test/scenario/*.scn))

$(O)/player: $(PLAYER_O) $(O)/libriver.a
	@echo "  LD  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(O)/random_compare: $(COMPARE_O) $(O)/libriver.a
	@echo "  LD  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

.PHONY: scenario
scenario: $(O)/player ## play the stories of test/scenario (STORIES=... for some)
	@test/scenario/coverage --check
	@$(O)/player $(STORIES)

.PHONY: scenario-coverage
scenario-coverage: ## write test/scenario/README.md's table of sentences and stories anew
	@test/scenario/coverage --write

.PHONY: compare
compare: $(O)/random_compare ## compare SEEDS random worlds with the oracle, from FIRST
	@$(O)/random_compare --seeds $(SEEDS) --first $(FIRST)

-include $(PLAYER_O:.o=.d) $(COMPARE_O:.o=.d)
