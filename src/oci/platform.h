/*
 * The operating system and processor that an image is for. Normalising and order of preference are containerd's
 * (containerd/platforms: database.go, compare.go).
 */
#ifndef OCI_PLATFORM_H
#define OCI_PLATFORM_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

/* Longer parts are malformed; real ones are short. */
#define PLATFORM_PART_MAX 32

struct platform {
	char os[PLATFORM_PART_MAX];           /* "linux"; "" when unknown */
	char architecture[PLATFORM_PART_MAX]; /* "amd64" */
	char variant[PLATFORM_PART_MAX];      /* "v7"; "" for none */
};

/* "OS[/ARCH[/VARIANT]]" or "ARCH", as --platform takes it, normalised; what is missing is the host's. ERROR_INVALID in docker's words. */
bool platform_parse(struct platform *out, struct str text, struct error *err);
/* Fills the three parts, normalised: x86_64 is amd64, aarch64 is arm64, arm64/v8 is arm64, arm is arm/v7. ERROR_INVALID when a part is too long. */
bool platform_make(struct platform *out, struct str os, struct str architecture, struct str variant, struct error *err);
/* The machine that this runs on, with its variant (amd64/v3 where the processor has it). */
struct platform platform_host(void);
/* "linux/arm/v7". */
void platform_format(const struct platform *platform, struct buf *out);
bool platform_equal(const struct platform *a, const struct platform *b);
/*
 * How well an image for offered runs on wanted: 0 best, greater is worse, -1 not at all.
 * amd64/v3 takes v3, v2, v1, then 386; arm64 takes arm/v8 … v5 after its own.
 */
int platform_rank(const struct platform *wanted, const struct platform *offered);

#endif
