/* The page's files as they are served: whole, typed, and self-contained. */

#include "serve/page.h"
#include "test/lib/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

static struct http_response served(void)
{
	struct http_response response = {.status = 200};
	const struct http_request request = {.path = slice_str("/")};

	page_html(NULL, &request, &response);
	assert_int_equal(response.status, 200);
	assert_string_equal(response.content_type, "text/html; charset=utf-8");
	assert_true(response.fixed.len > 1000);
	return response;
}

static bool contains(struct slice text, const char *part)
{
	return memmem(text.data, text.len, part, strlen(part)) != NULL;
}

static void assert_embeds(struct slice page, const char *path)
{
	char *file = malloc(page.len + 1);
	FILE *f = fopen(path, "rb");
	size_t len;

	assert_non_null(f);
	len = fread(file, 1, page.len, f);
	assert_true(len > 100);
	assert_non_null(memmem(page.data, page.len, file, len));
	fclose(f);
	free(file);
}

static void one_document_holds_style_and_scripts(void **state)
{
	struct slice page = served().fixed;

	(void)state;
	assert_embeds(page, "lib/serve/page.css");
	assert_embeds(page, "lib/serve/page_words.js");
	assert_embeds(page, "lib/serve/page_flow.js");
	assert_embeds(page, "lib/serve/page.js");
}

static void the_page_loads_nothing_from_elsewhere(void **state)
{
	struct slice page = served().fixed;
	static const char *const loads[] = {"https:", "url(", "@import", " src=\"", "<link rel=\"stylesheet"};

	(void)state;
	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		assert_false(contains(page, loads[i]));
}

static void the_policy_allows_one_script_and_one_style_by_their_hashes(void **state)
{
	struct http_response page = served();

	(void)state;
	assert_int_equal(strncmp(page.policy, "default-src 'none'; script-src 'sha256-", 39), 0);
	assert_non_null(strstr(page.policy, "; style-src 'sha256-"));
	assert_non_null(strstr(page.policy, "; require-trusted-types-for 'script'"));
	assert_null(strstr(page.policy, "unsafe"));
	assert_null(strstr(page.policy, "script-src 'self'"));
	/* Neither would be allowed, and so would not work. */
	assert_false(contains(page.fixed, " style="));
	assert_false(contains(page.fixed, " onclick="));
}

static void texts_are_never_parsed_as_markup(void **state)
{
	struct slice page = served().fixed;
	static const char *const dangerous[] = {"innerHTML",	  "outerHTML", "insertAdjacentHTML",
						"document.write", "eval(",     "new Function"};

	(void)state;
	for (size_t i = 0; i < sizeof(dangerous) / sizeof(dangerous[0]); i++)
		assert_false(contains(page, dangerous[i]));
	assert_true(contains(page, "textContent"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_document_holds_style_and_scripts),
		cmocka_unit_test(the_page_loads_nothing_from_elsewhere),
		cmocka_unit_test(the_policy_allows_one_script_and_one_style_by_their_hashes),
		cmocka_unit_test(texts_are_never_parsed_as_markup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
