# Exactly once in a world made of one seed: the real daemon, pipeline, store and
# publisher over a simulated loop, disk, Kafka, registry and model.
#
#   make sim SEEDS=20000 FIRST_SEED=1     histories; a failing seed says how to see it again
#   make sim-trace SEED=4711              one history, told line by line

SIM_SEEDS  ?= $(if $(filter command line environment,$(origin SEEDS)),$(SEEDS),2000)
FIRST_SEED ?= 1
SEED       ?= 1

SIM_C := $(sort $(wildcard test/sim/*.c))
SIM_O := $(SIM_C:%.c=$(O)/%.o) $(addprefix $(O)/test/scenario/,calendar.o oracle.o world.o world_record.o)
# What decides, of the daemon; its meeting with the outside is simulated.
SIM_DAEMON_O := $(addprefix $(O)/daemon/,app.o committer.o epochs.o intake.o notify.o outbound.o output_schemas.o \
                output_types.o pace.o partitions.o rebuilding.o recent_targets.o replay.o schemas.o settings.o settings_check.o settings_check_kafka.o settings_table.o \
                startup.o startup_facts.o)

$(O)/sim: $(SIM_O) $(SIM_DAEMON_O) $(O)/libriver.a
	@echo "  LD  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -Wl,--wrap=clock_system,--wrap=random_seed,--wrap=_exit -o $@ $^ $(LDLIBS)

.PHONY: sim
sim: $(O)/sim ## histories with crashes, power loss and a treacherous Kafka (SEEDS=2000 FIRST_SEED=1)
	@$(O)/sim --seeds $(SIM_SEEDS) --first $(FIRST_SEED)

.PHONY: sim-trace
sim-trace: $(O)/sim ## one of them, line by line (SEED=n)
	@$(O)/sim --trace $(SEED)

-include $(SIM_C:%.c=$(O)/%.d)
