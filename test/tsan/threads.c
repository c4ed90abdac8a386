/* librdkafka starts its threads with thrd_create(), which ThreadSanitizer does
 * not know: such a thread ends in a segmentation fault. Here it is
 * pthread_create(), which it does know. Preloaded by test/tsan/run. */

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

struct start {
	thrd_start_t run;
	void *arg;
};

static void *begin(void *arg)
{
	struct start start = *(struct start *)arg;

	free(arg);
	return (void *)(intptr_t)start.run(start.arg);
}

int thrd_create(thrd_t *thread, thrd_start_t run, void *arg)
{
	struct start *start = malloc(sizeof(*start));

	if (start == NULL)
		return thrd_nomem;
	*start = (struct start){run, arg};
	if (pthread_create(thread, NULL, begin, start) == 0)
		return thrd_success;
	free(start);
	return thrd_error;
}

int thrd_join(thrd_t thread, int *result)
{
	void *value;

	if (pthread_join(thread, &value) != 0)
		return thrd_error;
	if (result != NULL)
		*result = (int)(intptr_t)value;
	return thrd_success;
}

int thrd_detach(thrd_t thread)
{
	return pthread_detach(thread) == 0 ? thrd_success : thrd_error;
}
