/* Runs a fuzz target over the files it is given: with any compiler, without
 * libFuzzer. For continuous integration, and to look at a crash. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_INPUT (1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
	static uint8_t bytes[MAX_INPUT];

	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");
		uint8_t *copy;
		size_t n;

		if (f == NULL) {
			perror(argv[i]);
			return 1;
		}
		n = fread(bytes, 1, sizeof(bytes), f);
		fclose(f);
		copy = malloc(n ? n : 1);
		if (copy == NULL)
			return 1;
		for (size_t k = 0; k < n; k++)
			copy[k] = bytes[k];
		LLVMFuzzerTestOneInput(copy, n);
		free(copy);
	}
	printf("%d inputs replayed\n", argc - 1);
	return 0;
}
