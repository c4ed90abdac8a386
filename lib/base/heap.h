#ifndef RIVER_BASE_HEAP_H
#define RIVER_BASE_HEAP_H

/* Tells the C library's heap what kind of process this is: one thread that
 * computes and a dozen that mostly sleep, a few large buffers that come and go.
 *
 * glibc by itself gives every thread a heap of its own, and puts a large buffer among the
 * small ones once it has seen one of that size freed; after a burst all of that stays
 * resident. Two heaps, and pages of their own for everything from a megabyte on, take a
 * sixth off the memory at work (see mallopt(3): M_ARENA_MAX, M_MMAP_THRESHOLD,
 * M_TRIM_THRESHOLD). And what has pages of its own grows by moving them: the copy of a
 * buffer of 16 MiB, into fresh memory, held the loop for up to 100 ms. Other C libraries
 * are left alone.
 *
 * Before the first thread. */
void heap_configure(void);

#endif
