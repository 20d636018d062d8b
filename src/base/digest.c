// SPDX-License-Identifier: Apache-2.0
// digest: SHA-256 by OpenSSL, whose assembly uses the CPU's own instructions. The algorithm is
// fetched once a process (OpenSSL 3 would look it up again for each digest). Any thread; a
// context belongs to one at a time.
// OpenSSL's headers declare a type ERR_STATE, which is a code of ours; it goes by another name
// here.
#define ERR_STATE openssl_err_state
#include <openssl/crypto.h>
#include <openssl/evp.h>
#undef ERR_STATE

#include "base/digest.h"
#include "base/err.h"
#include "base/hex.h"

#include <pthread.h>
#include <stdlib.h>

struct sha256_ctx {
    EVP_MD_CTX *md;
};

static EVP_MD *algorithm;
static pthread_key_t
    own; // a thread's context for sha256_of: making one costs as much as a hash
static pthread_once_t algorithm_once = PTHREAD_ONCE_INIT;

static void own_free(void *md) {
    EVP_MD_CTX_free(md);
}

static void algorithm_fetch(void) {
    algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    BUG_ON(!algorithm || pthread_key_create(&own, own_free));
}

static const EVP_MD *algorithm_get(void) {
    pthread_once(&algorithm_once, algorithm_fetch);
    return algorithm;
}

static EVP_MD_CTX *own_get(void) {
    const EVP_MD *sha = algorithm_get();
    EVP_MD_CTX *md = pthread_getspecific(own);
    if (md) return md;
    md = EVP_MD_CTX_new();
    BUG_ON(!md || EVP_DigestInit_ex2(md, sha, NULL) != 1 || pthread_setspecific(own, md));
    return md;
}

sha256 sha256_of(const void *p, size_t n) {
    sha256 d;
    EVP_MD_CTX *md = own_get();
    if (n) BUG_ON(EVP_DigestUpdate(md, p, n) != 1);
    BUG_ON(EVP_DigestFinal_ex(md, d.b, NULL) != 1);
    BUG_ON(EVP_DigestInit_ex2(md, NULL, NULL) != 1); // anew, with the algorithm that it has
    return d;
}

sha256_ctx *sha256_new(void) {
    sha256_ctx *c = mem_alloc(sizeof *c);
    c->md = EVP_MD_CTX_new();
    BUG_ON(!c->md || EVP_DigestInit_ex2(c->md, algorithm_get(), NULL) != 1);
    return c;
}

void sha256_add(sha256_ctx *c, const void *p, size_t n) {
    if (n) BUG_ON(EVP_DigestUpdate(c->md, p, n) != 1);
}

sha256 sha256_end(sha256_ctx *c) {
    sha256 d;
    BUG_ON(EVP_DigestFinal_ex(c->md, d.b, NULL) != 1);
    BUG_ON(EVP_DigestInit_ex2(c->md, NULL, NULL) != 1); // NULL: the algorithm that it has
    return d;
}

void sha256_free(sha256_ctx *c) {
    if (!c) return;
    EVP_MD_CTX_free(c->md);
    free(c);
}

void sha256_hex(sha256 d, char out[SHA256_HEX]) {
    hex_put(out, d.b, sizeof d.b);
    out[SHA256_HEX - 1] = 0;
}

str sha256_str(arena *a, sha256 d) {
    char *p = arena_bytes(a, SHA256_HEX);
    sha256_hex(d, p);
    return str_n(p, SHA256_HEX - 1);
}

bool sha256_parse(str s, sha256 *out) {
    return hex_get(s, out->b, sizeof out->b);
}

bool secret_eq(str a, str b) {
    if (a.n != b.n) return false;
    return !a.n || !CRYPTO_memcmp(a.p, b.p, a.n);
}
