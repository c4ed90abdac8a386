#include "wire/decoder.h"
const char *poison_name(enum poison r) { static const char *const n[] = {"framing","schema","bytes","null_value","field","event_time","too_large"}; return r < POISON_REASONS ? n[r] : "unknown"; }
