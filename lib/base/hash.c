#include "base/hash.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t hash_seeded(struct slice s, uint64_t seed)
{
	return XXH3_64bits_withSeed(s.data, s.len, seed);
}

struct hash_id hash_id_of(const struct slice *parts, size_t count)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	struct hash_id id;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;

	for (size_t i = 0; ok && i < count; i++) {
		unsigned char len[8];

		for (size_t k = 0; k < sizeof(len); k++)
			len[k] = (unsigned char)((uint64_t)parts[i].len >> (56 - 8 * k));
		ok = EVP_DigestUpdate(ctx, len, sizeof(len)) == 1 &&
		     EVP_DigestUpdate(ctx, parts[i].data, parts[i].len) == 1;
	}
	ok = ok && EVP_DigestFinal_ex(ctx, digest, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	if (!ok) /* SHA-256 only fails when memory is gone: a wrong id would be worse */
		abort();
	memcpy(id.bytes, digest, sizeof(id.bytes));
	return id;
}

void hash_id_hex(struct hash_id id, char out[33])
{
	for (size_t i = 0; i < sizeof(id.bytes); i++)
		snprintf(out + 2 * i, 3, "%02x", id.bytes[i]);
}
