#include "publish/broker.h"

const char *broker_verdict_name(enum broker_verdict v)
{
	static const char *const names[BROKER_VERDICTS] = {
		[BROKER_OK] = "ok",	    [BROKER_RETRY] = "retry",
		[BROKER_ABORT] = "abort",   [BROKER_INDEFINITE] = "indefinite",
		[BROKER_FENCED] = "fenced", [BROKER_FATAL] = "fatal",
		[BROKER_CONFIG] = "config",
	};

	return v < BROKER_VERDICTS ? names[v] : "unknown";
}
