#ifndef RIVER_TEST_CMOCKA_ALL_H
#define RIVER_TEST_CMOCKA_ALL_H

/* cmocka.h wants these four before it, in this order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
