/* Reads one byte beyond its end when the input begins with a word: what a
 * fuzzer must find, so that its silence about the others means something. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	volatile uint8_t byte = 0;
	uint8_t *copy;

	if (size < 4)
		return 0;
	copy = malloc(size);
	memcpy(copy, data, size);
	if (copy[0] == 'r' && copy[1] == 'i' && copy[2] == 'v' && copy[3] == 'e')
		byte = copy[size];
	(void)byte;
	free(copy);
	return 0;
}
