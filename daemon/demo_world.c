#include "demo_world.h"

#include "demo_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS 60000

void demo_world_defaults(struct demo_world_options *o)
{
	*o = (struct demo_world_options){
		.seed = 1,
		.events = 20000,
		.rate = 40,
		.speed = 240,
		.partitions = 4,
	};
}

/* Waits for the child's one report. */
static int read_report(int fd, struct demo_child_report *report, struct err *err)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	ssize_t n;
	int rc;

	do
		rc = poll(&p, 1, START_MS);
	while (rc < 0 && errno == EINTR);
	if (rc == 0)
		return err_set(err, ERR_FATAL, 0, "the demo's Kafka did not start within %d s",
			       START_MS / 1000);
	n = rc < 0 ? -1
		   : read(fd, report,
			  sizeof(*report)); /* one write of less than PIPE_BUF: whole or nothing */
	if (n != (ssize_t)sizeof(*report))
		return err_set(err, ERR_FATAL, errno, "the demo's Kafka died while starting");
	if (!report->ok) {
		*err = report->err;
		return err_wrap(err, "start the demo's world");
	}
	return 0;
}

static void become_child(const struct demo_world_options *options, int fd, pid_t parent)
{
	/* It must not outlive us, whatever kills us. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	demo_child_run(options, fd);
}

int demo_world_start(const struct demo_world_options *options, struct demo_world *out, struct err *err)
{
	struct demo_child_report report;
	pid_t pid, parent = getpid();
	int fds[2], rc;

	_Static_assert(sizeof(report) <= 4096, "a report is written to the pipe in one piece");
	memset(out, 0, sizeof(*out));
	memset(&report, 0, sizeof(report));
	if (!(options->speed > 0) || !(options->rate > 0) || options->partitions < 1 ||
	    options->partitions > 64)
		return err_set(err, ERR_CONFIG, 0, "speed and rate must be above 0, partitions 1 to 64");
	if (pipe2(fds, O_CLOEXEC) != 0)
		return err_set(err, ERR_FATAL, errno, "pipe: %s", strerror(errno));
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		become_child(options, fds[1], parent);
	}
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return err_set(err, ERR_FATAL, errno, "fork: %s", strerror(errno));
	}
	rc = read_report(fds[0], &report, err);
	close(fds[0]);
	*out = report.world;
	out->pid = pid;
	if (rc != 0)
		demo_world_stop(out);
	return rc;
}

struct clock demo_world_clock(struct demo_world *world)
{
	struct clock_scaled kept = world->clock;
	struct clock clock = clock_scaled(&world->clock, 0, 1);

	world->clock = kept; /* the child's instant, not this one */
	return clock;
}

void demo_world_stop(struct demo_world *world)
{
	if (world->pid <= 0)
		return;
	kill(world->pid, SIGKILL);
	while (waitpid(world->pid, NULL, 0) < 0 && errno == EINTR)
		;
	world->pid = 0;
}
