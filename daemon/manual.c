#include "daemon/manual.h"

#include "conf/manual.h"
#include "daemon/cli_internal.h"
#include "daemon/generate_options.h"
#include "daemon/settings.h"

#include <string.h>

/* No date: the same sources give the same page. */
static void head(struct buf *out, const char *name, int section, const char *line)
{
	buf_printf(out,
		   ".\\\" Made by riverd --manual; do not edit.\n"
		   ".TH %s %d \"\" \"riverd %s\" \"riverd manual\"\n"
		   ".nh\n.ad l\n"
		   ".SH NAME\n%s \\- %s\n",
		   name, section, RIVERD_VERSION, name, line);
}

/* Lines as they are, indented. */
static void verbatim(struct buf *out, const char *text)
{
	buf_str(out, ".PP\n.RS 4\n.nf\n");
	manual_text(out, text);
	if (*text != '\0' && text[strlen(text) - 1] != '\n')
		buf_str(out, "\n");
	buf_str(out, ".fi\n.RE\n");
}

static void option(struct buf *out, const struct cli_option *o)
{
	buf_str(out, ".TP\n");
	if (o->letter != 0)
		buf_printf(out, "\\fB\\-%c\\fR, ", o->letter);
	buf_str(out, "\\fB\\-\\-");
	manual_text(out, o->name);
	buf_printf(out, "\\fR%s%s%s\n", o->argument != NULL ? " \\fI" : "",
		   o->argument != NULL ? o->argument : "", o->argument != NULL ? "\\fR" : "");
	manual_text(out, o->help);
	buf_str(out, "\n");
}

static void options(struct buf *out, unsigned mask, bool everywhere)
{
	for (size_t i = 0; i < cli_option_count; i++) {
		if ((cli_options[i].commands & mask) &&
		    (cli_options[i].commands == CLI_EVERYWHERE) == everywhere)
			option(out, &cli_options[i]);
	}
}

static void command(struct buf *out, enum command id)
{
	const struct cli_command *c = &cli_commands[id];
	const char *own = c->own_help != NULL ? c->own_help : generate_options_help();

	buf_str(out, ".SS riverd ");
	manual_text(out, c->name);
	buf_str(out, "\n");
	manual_text(out, c->description);
	buf_str(out, "\n");
	if (c->own_arguments)
		verbatim(out, own);
	else
		options(out, CLI_ON(id), false);
}

static const char signals[] =
	".SH SIGNALS\n"
	".TP\n.BR SIGTERM \", \" SIGINT\n"
	"Finish what was taken, write and publish it within\n.BR drain.timeout ,\n"
	"and exit with 0. A second one leaves at once; what was committed is safe.\n"
	".TP\n.B SIGHUP\n"
	"Read the configuration again and check it whole. When it is good, the keys that can change\n"
	"are in force, and the others are named in the log as in need of a restart. When it is not,\n"
	"nothing changes and the log says why.\n"
	".TP\n.BR SIGUSR1 \", \" SIGUSR2\n"
	"Log one level more, or less, until the next SIGHUP.\n";

static const char exits[] = ".SH EXIT STATUS\n"
			    ".TP\n.B 0\nFine; also after SIGTERM.\n"
			    ".TP\n.B 1\nA fault; starting again may help.\n"
			    ".TP\n.B 3\nThe state must not be used as it is; the message says what to do.\n"
			    ".TP\n.B 64\nWrong usage.\n"
			    ".TP\n.B 69\nSomething needed cannot be reached.\n"
			    ".TP\n.B 78\nThe configuration is wrong.\n";

static const char files[] =
	".SH FILES\n"
	".TP\n.I /etc/riverd/riverd.conf\nThe configuration, see\n.BR riverd.conf (5).\n"
	".TP\n.I /var/lib/riverd/state.db\nThe state, an SQLite database. It belongs to one riverd, one\n"
	"transactional.id and one cluster.\n"
	".TP\n.I share/riverd/\nUnder the prefix: the sample configuration, configurations for providers of "
	"models, a dashboard\n"
	"for Grafana, alert rules for Prometheus, and the same job for Apache Flink.\n"
	".SH ENVIRONMENT\n"
	".TP\n.B RIVERD_*\nKeys of the configuration, see\n.BR riverd.conf (5).\n"
	".TP\n.BR NOTIFY_SOCKET \", \" WATCHDOG_USEC \", \" STATE_DIRECTORY \", \" CREDENTIALS_DIRECTORY\n"
	"Set by systemd.\n"
	".TP\n.B RIVERD_HTTP_URL\nWhere\n.B riverd health\nasks.\n"
	".SH SEE ALSO\n.BR riverd.conf (5),\n.BR systemctl (1),\n.BR kcat (1)\n";

static void page_riverd(struct buf *out)
{
	head(out, "riverd", 8, "find booking clicks that no booking follows, from Kafka to Kafka");
	buf_str(out, ".SH SYNOPSIS\n.B riverd\n.RI [ COMMAND ]\n.RI [ OPTIONS ]\n.SH DESCRIPTION\n"
		     "Reads clicks, bookings, reviews and the changes of hotels and customers from Kafka, "
		     "finds the\n"
		     "booking clicks that no booking follows, joins them with hotels and reviews, has the "
		     "reviews\n"
		     "summarised, and writes the results to Kafka exactly once. Without a command it runs.\n"
		     ".SH COMMANDS\n");
	for (int i = 0; i < COMMANDS; i++)
		command(out, (enum command)i);
	buf_str(out, ".SH OPTIONS\nThese go with every command.\n");
	options(out, ~0u, true);
	buf_str(out, signals);
	buf_str(out, exits);
	buf_str(out, files);
}

static const char syntax[] =
	".SH SYNOPSIS\n.I /etc/riverd/riverd.conf\n.SH DESCRIPTION\n"
	"A line is\n.IR \"key = value\" .\n"
	"A comment has a line of its own and begins with # or !. A line that ends in a backslash goes on\n"
	"in the next one. The same key twice is an error, and so is a key that does not exist; the nearest\n"
	"one is named.\n"
	".PP\nWhat is said on the command line (\\fB\\-o\\fR \\fIkey=value\\fR) counts more than the "
	"environment,\n"
	"the environment more than the file, and the file more than the default. The variable of a key is\n"
	"given with it below: in capitals, RIVERD_ in front, a dot as _ and an underscore as __.\n"
	".PP\nA duration is a whole number with ms, s, m, h or d behind it, a size one with B, KiB, MiB, GiB "
	"or\n"
	"TiB.\n"
	".PP\nValues may refer to what stands elsewhere. What is put in is never shown.\n"
	".TP\n.B ${env:NAME}\nA variable of the environment; ${env:NAME:default} when it may be unset.\n"
	".TP\n.B ${file:PATH}\nWhat the file holds, without blanks at both ends; ${file:PATH:key} is one key "
	"of a file like this one.\n"
	".TP\n.B ${credential:NAME}\nA file that systemd hands over, see LoadCredential= in\n"
	".BR systemd.exec (5).\n"
	".PP\n.B riverd check\nsays what is wrong with a configuration, and with\n.B \\-\\-online\n"
	"whether all that it names is there.\n"
	".B riverd \\-\\-print\\-config\nshows what is in force and where it comes from.\n"
	"Keys that can be reloaded change with SIGHUP.\n";

static const char example[] = "kafka.bootstrap.servers = broker1:9092,broker2:9092\n"
			      "schema.registry.url     = https://registry.example.org\n"
			      "summary.provider        = openai\n"
			      "summary.url             = http://127.0.0.1:11434/v1\n"
			      "summary.model           = llama3.2\n";

static void page_configuration(struct buf *out)
{
	head(out, "riverd.conf", 5, "configuration of riverd");
	buf_str(out, syntax);
	manual_settings(&settings_table, out);
	buf_str(out, ".SH EXAMPLE\n");
	verbatim(out, example);
	buf_str(out, ".SH SEE ALSO\n.BR riverd (8)\n");
}

static void begin_words(struct buf *out, const char *name)
{
	buf_printf(out, "\tlocal %s='", name);
}

/* What bash knows of the words on the line is little: the option before the
 * cursor, and whether a command was given. */
static void page_completion(struct buf *out)
{
	buf_str(out, "# Completion for bash. Made by riverd --manual; do not edit.\n\n_riverd()\n{\n");
	begin_words(out, "commands");
	for (int i = 0; i < COMMANDS; i++)
		buf_printf(out, "%s%s", i > 0 ? " " : "", cli_commands[i].name);
	buf_str(out, "'\n");
	begin_words(out, "options");
	for (size_t i = 0; i < cli_option_count; i++)
		buf_printf(out, "%s--%s", i > 0 ? " " : "", cli_options[i].name);
	buf_str(out, "'\n");
	begin_words(out, "keys");
	for (size_t i = 0; i < settings_table.row_count; i++) {
		if (settings_table.rows[i].type != CONF_SECTION)
			buf_printf(out, "%s=\n", settings_table.rows[i].key);
	}
	buf_str(out,
		"'\n"
		"\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n\n"
		"\tCOMPREPLY=()\n"
		"\tcase $before in\n"
		"\t-c | --config) mapfile -t COMPREPLY < <(compgen -f -- \"$word\") ;;\n"
		"\t-o | --set)\n"
		"\t\tmapfile -t COMPREPLY < <(compgen -W \"$keys\" -- \"$word\")\n"
		"\t\ttype compopt &>/dev/null && compopt -o nospace 2>/dev/null\n"
		"\t\t;;\n"
		"\t--manual) mapfile -t COMPREPLY < <(compgen -W 'riverd.8 riverd.conf.5 riverd.bash' -- "
		"\"$word\") ;;\n"
		"\t*)\n"
		"\t\tcase $word in\n"
		"\t\t-*) mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\") ;;\n"
		"\t\t*) [ \"$COMP_CWORD\" -ne 1 ] || mapfile -t COMPREPLY < <(compgen -W \"$commands\" -- "
		"\"$word\") ;;\n"
		"\t\tesac\n"
		"\t\t;;\n"
		"\tesac\n"
		"\treturn 0\n"
		"}\n"
		"complete -F _riverd riverd\n");
}

int manual_write(const char *page, struct buf *out)
{
	if (strcmp(page, "riverd.8") == 0)
		page_riverd(out);
	else if (strcmp(page, "riverd.conf.5") == 0)
		page_configuration(out);
	else if (strcmp(page, "riverd.bash") == 0)
		page_completion(out);
	else
		return -1;
	return 0;
}
