#ifndef RIVER_BASE_FAULT_H
#define RIVER_BASE_FAULT_H

/* Named failpoints, at the durable steps and between them, for crash tests.
 *
 * Nothing happens unless the environment variable RIVERD_FAULT says so, as a
 * comma-separated list of NAME:ACTION[@N]:
 *
 *   checkpoint.before_commit:crash@3     SIGKILL at the third visit
 *   publish.after_flush:error            the step fails, at every visit
 *   publish.before_commit:sleep=5000@2   5 seconds at the second visit
 *   *:trace                              say each point's first visit on stderr
 *
 * Without @N the action is taken at every visit. A call site reads
 *
 *   if (fault_point("checkpoint.before_commit"))
 *           return err_set(err, ERR_RETRY, 0, "fault injected");
 *
 * or, where there is nothing that could fail, (void)fault_point("..."): "error"
 * does nothing there.
 *
 * This is the one place with process-wide state: failpoints must be reachable
 * from anywhere, and are off outside tests. Arm before threads start; visits
 * may come from any thread. */

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Arms from `spec` (usually getenv("RIVERD_FAULT")); NULL or "" disarms.
 * ERR_CONFIG for an unknown name or action. */
int fault_arm(const char *spec, struct err *err);

/* Every name that fault_point is called with, in alphabetical order; NULL past
 * the end. */
const char *fault_name(int index);

/* How often a point was visited since fault_arm; 0 when disarmed. */
uint64_t fault_visits(const char *name);

extern bool fault_armed; /* read through fault_point only */
int fault_visit(const char *name);

/* 0: go on. -1: act as if this step had failed. */
static inline int fault_point(const char *name)
{
	return __builtin_expect(fault_armed, false) ? fault_visit(name) : 0;
}

#endif
