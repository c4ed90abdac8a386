/* Failpoints: off unless asked for, and each one in the list. */

#include "base/clock.h"
#include "base/fault.h"
#include "test/lib/cmocka_all.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void nothing_happens_until_armed(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(fault_arm(NULL, &err), 0);
	assert_false(fault_armed);
	assert_int_equal(fault_point("checkpoint.before_commit"), 0);
	assert_int_equal(fault_visits("checkpoint.before_commit"), 0);
}

static void an_error_comes_at_the_visit_asked_for(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(fault_arm("checkpoint.before_commit:error@2,wal.before_checkpoint:error", &err), 0);
	assert_int_equal(fault_point("checkpoint.before_commit"), 0);
	assert_int_equal(fault_point("checkpoint.before_commit"), -1);
	assert_int_equal(fault_point("checkpoint.before_commit"), 0);
	assert_int_equal(fault_visits("checkpoint.before_commit"), 3);
	assert_int_equal(fault_point("wal.before_checkpoint"), -1);
	assert_int_equal(fault_point("wal.before_checkpoint"), -1);
	fault_arm("", &err);
}

static void a_crash_is_a_kill_minus_nine(void **state)
{
	struct err err;
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		fclose(stderr);
		fault_arm("outbox.after_confirm:crash@2", &err);
		fault_point("outbox.after_confirm");
		fault_point("outbox.after_confirm");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void a_sleep_sleeps(void **state)
{
	struct clock clock = clock_system();
	int64_t begin = clock_mono_ms(&clock);
	struct err err;

	(void)state;
	assert_int_equal(fault_arm("checkpoint.after_begin:sleep=30", &err), 0);
	assert_int_equal(fault_point("checkpoint.after_begin"), 0);
	assert_true(clock_mono_ms(&clock) - begin >= 29);
	fault_arm(NULL, &err);
}

static void a_wrong_spec_says_what_is_wrong(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(fault_arm("nowhere:crash", &err), -1);
	assert_string_equal(err.text, "RIVERD_FAULT: there is no failpoint \"nowhere\"");
	assert_int_equal(err.class, ERR_CONFIG);
	assert_int_equal(fault_arm("wal.after_checkpoint", &err), -1);
	assert_string_equal(err.text, "RIVERD_FAULT: \"wal.after_checkpoint\": NAME:ACTION expected");
	assert_int_equal(fault_arm("wal.after_checkpoint:explode", &err), -1);
	assert_int_equal(fault_arm("wal.after_checkpoint:crash@0", &err), -1);
	assert_int_equal(fault_arm("wal.after_checkpoint:sleep=x", &err), -1);
	assert_false(fault_armed);
}

/* The calls in the source and the list agree. Runs where the source is. */
static void the_list_holds_every_failpoint_of_the_source(void **state)
{
	FILE *calls = popen("grep -rhoE 'fault_point\\(\"[a-z_.]+\"' lib daemon --include='*.c' |"
			    " sed 's/.*(\"//;s/\"//' | LC_ALL=C sort -u",
			    "r");
	char line[128];
	int i = 0;

	(void)state;
	assert_non_null(calls);
	while (fgets(line, sizeof(line), calls) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		assert_non_null(fault_name(i));
		assert_string_equal(line, fault_name(i));
		i++;
	}
	pclose(calls);
	assert_true(i > 0);
	assert_null(fault_name(i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_happens_until_armed),
		cmocka_unit_test(an_error_comes_at_the_visit_asked_for),
		cmocka_unit_test(a_crash_is_a_kill_minus_nine),
		cmocka_unit_test(a_sleep_sleeps),
		cmocka_unit_test(a_wrong_spec_says_what_is_wrong),
		cmocka_unit_test(the_list_holds_every_failpoint_of_the_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
