#include "daemon/reload.h"

#include "daemon/app.h"

#include <stdio.h>

static void say_lines(struct app *a, enum log_level level, const char *what, struct buf *lines)
{
	char *text = (char *)buf_cstr(lines), *line;

	while ((line = strsep(&text, "\n")) != NULL)
		if (*line != '\0')
			log_write(a->log, level, "config", "%s %s", line, what);
}

/* Also for `systemctl status`, where nobody may look at the log. */
static void say_done(struct app *a, bool good)
{
	char status[80];

	snprintf(status, sizeof(status), "%s%s", a->life == LIFE_RUNNING ? "running" : "starting",
		 good ? "" : "; the configuration is wrong and was not reloaded");
	notify_ready(&a->notify, status);
}

void reload(struct app *a)
{
	struct conf_problems problems;
	struct settings next;
	struct buf applied, restart;
	bool good = false;

	if (a->options.request == NULL)
		return;
	notify_reloading(&a->notify);
	conf_problems_init(&problems);
	settings_init(&next);
	buf_init(&applied, 64 * 1024);
	buf_init(&restart, 64 * 1024);
	if (settings_load(&next, NULL, a->options.request, &problems) != 0) {
		a->reload_failures++;
		say_lines(a, LOG_ERROR, "(not reloaded)", &problems.errors);
	} else {
		settings_reload(a->settings, &next, &applied, &restart);
		log_set_level(a->log, (enum log_level)a->settings->log_level);
		say_lines(a, LOG_NOTICE, "is in force now", &applied);
		say_lines(a, LOG_NOTICE, "needs a restart", &restart);
		log_notice(a->log, "config", "configuration reloaded");
		a->reloads++;
		good = true;
	}
	buf_release(&applied);
	buf_release(&restart);
	settings_release(&next);
	conf_problems_release(&problems);
	say_done(a, good);
}
