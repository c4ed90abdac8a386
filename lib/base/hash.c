#include "base/hash.h"

/* Deprecated in favour of EVP, which finds the algorithm by name, takes locks
 * and allocates for every digest: more than the digest of an address itself. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t hash_seeded(struct slice s, uint64_t seed)
{
	return XXH3_64bits_withSeed(s.data, s.len, seed);
}

struct hash_id hash_id_of(const struct slice *parts, size_t count)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	struct hash_id id;
	SHA256_CTX ctx;
	int ok = SHA256_Init(&ctx);

	for (size_t i = 0; i < count; i++) {
		unsigned char len[8];

		for (size_t k = 0; k < sizeof(len); k++)
			len[k] = (unsigned char)((uint64_t)parts[i].len >> (56 - 8 * k));
		ok &= SHA256_Update(&ctx, len, sizeof(len)) &
		      SHA256_Update(&ctx, parts[i].data, parts[i].len);
	}
	if (!(ok & SHA256_Final(digest, &ctx))) /* never; a wrong id would be worse */
		abort();
	memcpy(id.bytes, digest, sizeof(id.bytes));
	return id;
}

void hash_id_hex(struct hash_id id, char out[33])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < sizeof(id.bytes); i++) {
		*out++ = digits[id.bytes[i] >> 4];
		*out++ = digits[id.bytes[i] & 15];
	}
	*out = '\0';
}
