/* sd_notify against real datagram sockets, by path and abstract. */

#include "daemon/notify.h"
#include "test/lib/cmocka_all.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct fixture {
	int fd; /* systemd's side */
	char name[80];
	char got[2048];
	struct notify notify;
};

/* Binds `name` ('@' first: abstract) and tells it by the environment. */
static void listen_on(struct fixture *f, const char *name)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	size_t len = strlen(name);

	snprintf(f->name, sizeof(f->name), "%s", name);
	memcpy(a.sun_path, name, len);
	if (name[0] == '@')
		a.sun_path[0] = '\0';
	f->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(f->fd, (struct sockaddr *)&a, (socklen_t)(sizeof(a.sun_family) + len)), 0);
	setenv("NOTIFY_SOCKET", name, 1);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char name[64];

	snprintf(name, sizeof(name), "@riverd-test-%d", (int)getpid());
	listen_on(f, name);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	notify_release(&f->notify);
	close(f->fd);
	free(f);
	return 0;
}

static const char *received(struct fixture *f)
{
	ssize_t n = recv(f->fd, f->got, sizeof(f->got) - 1, 0);

	f->got[n > 0 ? n : 0] = '\0';
	return f->got;
}

static void each_message_is_one_datagram(void **state)
{
	struct fixture *f = *state;

	notify_init(&f->notify);
	assert_int_equal(notify_ready(&f->notify, "reading"), 0);
	assert_string_equal(received(f), "READY=1\nSTATUS=reading\n");
	assert_int_equal(notify_status(&f->notify, "lag 0"), 0);
	assert_string_equal(received(f), "STATUS=lag 0\n");
	assert_int_equal(notify_watchdog(&f->notify), 0);
	assert_string_equal(received(f), "WATCHDOG=1\n");
	assert_int_equal(notify_stopping(&f->notify, NULL), 0);
	assert_string_equal(received(f), "STOPPING=1\n");
	assert_int_equal(notify_extend(&f->notify, 15000), 0);
	assert_string_equal(received(f), "EXTEND_TIMEOUT_USEC=15000000\n");
}

static void reloading_tells_the_monotonic_time(void **state)
{
	struct fixture *f = *state;
	struct timespec now;
	int64_t usec = 0;

	notify_init(&f->notify);
	assert_int_equal(notify_reloading(&f->notify), 0);
	clock_gettime(CLOCK_MONOTONIC, &now);
	assert_int_equal(sscanf(received(f), "RELOADING=1\nMONOTONIC_USEC=%" SCNd64 "\n", &usec), 1);
	assert_in_range((int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 - usec, 0, 5000000);
}

static void a_status_cannot_smuggle_an_assignment(void **state)
{
	struct fixture *f = *state;
	char longer[1000];

	notify_init(&f->notify);
	notify_status(&f->notify, "a\nMAINPID=1\x7f");
	assert_string_equal(received(f), "STATUS=a MAINPID=1 \n");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	notify_ready(&f->notify, longer);
	assert_int_equal(strlen(received(f)), strlen("READY=1\nSTATUS=\n") + 400);
}

static void a_socket_in_the_file_system_works_too(void **state)
{
	struct fixture *f = *state;
	char dir[] = "/tmp/riverd-notify-XXXXXX", path[60];

	close(f->fd);
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/notify", dir);
	listen_on(f, path);
	notify_init(&f->notify);
	assert_int_equal(notify_watchdog(&f->notify), 0);
	assert_string_equal(received(f), "WATCHDOG=1\n");
	unlink(path);
	rmdir(dir);
}

static void the_environment_is_cleared(void **state)
{
	struct fixture *f = *state;

	setenv("WATCHDOG_USEC", "30000000", 1);
	notify_init(&f->notify);
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_null(getenv("WATCHDOG_USEC"));
	assert_int_equal(f->notify.watchdog_ms, 30000);
	assert_int_equal(notify_watchdog_interval_ms(&f->notify), 15000);
}

static void a_watchdog_for_another_process_is_not_ours(void **state)
{
	struct fixture *f = *state;
	char pid[16];

	setenv("WATCHDOG_USEC", "30000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	notify_init(&f->notify);
	assert_int_equal(f->notify.watchdog_ms, 0);
	assert_int_equal(notify_watchdog_interval_ms(&f->notify), 0);
	notify_release(&f->notify);
	setenv("NOTIFY_SOCKET", f->name, 1);
	setenv("WATCHDOG_USEC", "2000000", 1);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	notify_init(&f->notify);
	assert_int_equal(f->notify.watchdog_ms, 2000);
}

static void nonsense_in_the_environment_is_no_watchdog(void **state)
{
	static const char *const bad[] = {"", "-5", "12x", "0", "99999999999999999999"};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		setenv("NOTIFY_SOCKET", f->name, 1);
		setenv("WATCHDOG_USEC", bad[i], 1);
		notify_init(&f->notify);
		assert_int_equal(f->notify.watchdog_ms, 0);
		notify_release(&f->notify);
	}
}

static void without_systemd_nothing_happens(void **state)
{
	static const char *const names[] = {NULL, "", "@", "relative", "vsock:2:1234", "/nowhere/at/all"};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		unsetenv("NOTIFY_SOCKET");
		if (names[i] != NULL)
			setenv("NOTIFY_SOCKET", names[i], 1);
		notify_init(&f->notify);
		assert_int_equal(f->notify.fd, -1);
		assert_int_equal(notify_ready(&f->notify, "x"), 0);
		assert_int_equal(notify_watchdog(&f->notify), 0);
		assert_int_equal(notify_reloading(&f->notify), 0);
	}
}

static void a_full_queue_does_not_block(void **state)
{
	struct fixture *f = *state;
	int rc = 0;

	notify_init(&f->notify);
	for (int i = 0; i < 100000 && rc == 0; i++)
		rc = notify_watchdog(&f->notify);
	assert_int_equal(rc, -1);
	assert_int_equal(errno, EAGAIN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_message_is_one_datagram),
		TEST(reloading_tells_the_monotonic_time),
		TEST(a_status_cannot_smuggle_an_assignment),
		TEST(a_socket_in_the_file_system_works_too),
		TEST(the_environment_is_cleared),
		TEST(a_watchdog_for_another_process_is_not_ours),
		TEST(nonsense_in_the_environment_is_no_watchdog),
		TEST(without_systemd_nothing_happens),
		TEST(a_full_queue_does_not_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
