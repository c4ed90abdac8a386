# The page's files become one document in a generated header.

PAGE_FILES := lib/serve/page.html lib/serve/page.css lib/serve/page_words.js lib/serve/page_flow.js lib/serve/page.js

$(O)/lib/serve/page_files.h: $(PAGE_FILES) scripts/embed-page
	@mkdir -p $(@D)
	@echo "  GEN $@"
	$(Q)scripts/embed-page $(PAGE_FILES) >$@.tmp && mv $@.tmp $@

$(O)/lib/serve/page.o: $(O)/lib/serve/page_files.h
$(O)/lib/serve/page.o: CPPFLAGS += -I$(O)/lib
