#include "daemon/check_online.h"

#define TIMEOUT_MS	 5000
#define MODEL_TIMEOUT_MS 30000

int check_online(const struct settings *s, const struct check_online_options *options, FILE *out)
{
	struct check_online_options o = options != NULL ? *options : (struct check_online_options){0};
	struct check_report r = {.out = out};

	if (o.timeout_ms == 0)
		o.timeout_ms = TIMEOUT_MS;
	if (o.model_timeout_ms == 0)
		o.model_timeout_ms =
			s->summary.timeout < MODEL_TIMEOUT_MS ? s->summary.timeout : MODEL_TIMEOUT_MS;
	check_online_kafka(s, o.timeout_ms, &r);
	check_online_registry(s, o.timeout_ms, &r);
	check_online_model(s, o.model_timeout_ms, &r);
	check_online_local(s, &r);
	if (r.wrong + r.unreachable > 0)
		fprintf(out, "failed   %zu wrong, %zu out of reach\n", r.wrong, r.unreachable);
	else
		fprintf(out, "ok       everything that riverd needs is there\n");
	return check_report_code(&r);
}
