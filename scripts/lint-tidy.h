#ifndef RIVER_LINT_TIDY_H
#define RIVER_LINT_TIDY_H

/* Read by clang-tidy before every file: its analyzer sees one file at a time
 * and must be told that these always return -1. */

#include "base/err.h"

#define err_set(...)  ((err_set)(__VA_ARGS__), -1)
#define err_wrap(...) ((err_wrap)(__VA_ARGS__), -1)

#endif
