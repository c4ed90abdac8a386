# The literal texts of schemas/ become part of libriver.a.

OUTPUT_SCHEMAS := $(sort $(wildcard schemas/*.avsc))

$(O)/gen/hotels/schemas.c: $(OUTPUT_SCHEMAS) scripts/embed-schemas
	@mkdir -p $(@D)
	@echo "  GEN $@"
	$(Q)scripts/embed-schemas $(OUTPUT_SCHEMAS) > $@.tmp && mv $@.tmp $@

$(O)/gen/hotels/schemas.o: $(O)/gen/hotels/schemas.c lib/hotels/schemas.h
	@echo "  CC  $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(O)/libriver.a: $(O)/gen/hotels/schemas.o
