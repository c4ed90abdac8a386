# The live page in a real browser, where one is installed.

$(O)/page/server: $(O)/test/page/server.o $(DAEMON_PARTS_O) $(O)/libriver.a
	@mkdir -p $(@D)
	@echo "  LD  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

.PHONY: page
page: $(O)/page/server ## draw the live page in headless Chromium; pictures in build/page/
	test/page/run $(O)/page

-include $(O)/test/page/server.d
