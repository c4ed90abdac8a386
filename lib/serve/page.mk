# The page's files become arrays in a generated header.

PAGE_FILES := lib/serve/page.html lib/serve/page.css lib/serve/page.js

$(O)/lib/serve/page_files.h: $(PAGE_FILES) scripts/embed
	@mkdir -p $(@D)
	@echo "  GEN $@"
	$(Q)scripts/embed page_html_file=lib/serve/page.html page_css_file=lib/serve/page.css \
		page_js_file=lib/serve/page.js >$@.tmp && mv $@.tmp $@

$(O)/lib/serve/page.o: $(O)/lib/serve/page_files.h
$(O)/lib/serve/page.o: CPPFLAGS += -I$(O)/lib
