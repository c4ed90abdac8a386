/* The page's files as they are served: whole, typed, and self-contained. */

#include "serve/page.h"
#include "test/lib/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

static struct slice served(http_handler handler, const char *type)
{
	struct http_response response = {.status = 200};
	const struct http_request request = {.path = slice_str("/")};

	handler(NULL, &request, &response);
	assert_int_equal(response.status, 200);
	assert_string_equal(response.content_type, type);
	assert_true(response.fixed.len > 1000);
	return response.fixed;
}

static bool contains(struct slice text, const char *part)
{
	return memmem(text.data, text.len, part, strlen(part)) != NULL;
}

static void files_are_embedded_byte_for_byte(void **state)
{
	struct slice page = served(page_html, "text/html; charset=utf-8");
	char *file = malloc(page.len + 1);
	FILE *f = fopen("lib/serve/page.html", "rb");

	(void)state;
	assert_non_null(f);
	assert_int_equal(fread(file, 1, page.len + 1, f), page.len);
	assert_memory_equal(file, page.data, page.len);
	fclose(f);
	free(file);
}

static void the_page_loads_nothing_from_elsewhere(void **state)
{
	const struct slice files[] = {served(page_html, "text/html; charset=utf-8"),
				      served(page_css, "text/css; charset=utf-8"),
				      served(page_js, "text/javascript; charset=utf-8")};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_false(contains(files[i], "https:"));
		assert_false(contains(files[i], "url("));
		assert_false(contains(files[i], "@import"));
	}
	/* The one policy the server sends allows neither inline script nor style. */
	assert_false(contains(files[0], "<style"));
	assert_false(contains(files[0], " style="));
	assert_false(contains(files[0], "<script>"));
	assert_false(contains(files[0], " onclick="));
}

static void texts_are_never_parsed_as_markup(void **state)
{
	struct slice script = served(page_js, "text/javascript; charset=utf-8");
	static const char *const dangerous[] = {"innerHTML",	  "outerHTML", "insertAdjacentHTML",
						"document.write", "eval(",     "new Function"};

	(void)state;
	for (size_t i = 0; i < sizeof(dangerous) / sizeof(dangerous[0]); i++)
		assert_false(contains(script, dangerous[i]));
	assert_true(contains(script, "textContent"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_embedded_byte_for_byte),
		cmocka_unit_test(the_page_loads_nothing_from_elsewhere),
		cmocka_unit_test(texts_are_never_parsed_as_markup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
