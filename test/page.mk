# The live page in a real browser.

$(O)/page/server: $(O)/test/page/server.o $(DAEMON_PARTS_O) $(O)/libriver.a
	@mkdir -p $(@D)
	@echo "  LD  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

.PHONY: page
page: $(O)/page/server ## the live page in headless Chromium; pictures in build/page/
	timeout -k 5 400 python3 test/page/page_test.py $(O)/page

-include $(O)/test/page/server.d
