/*
 * An image's name, REGISTRY/PROJECT/REPOSITORY:TAG@DIGEST, read as docker reads it (distribution/reference: normalize.go, regexp.go):
 * no registry is docker.io, there no project is library, no tag and no digest is latest where a caller asks for it.
 */
#ifndef OCI_REFERENCE_H
#define OCI_REFERENCE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"
#include "oci/digest.h"

#define REFERENCE_PATH_MAX 255
#define REFERENCE_TAG_MAX 128
#define REFERENCE_HUB "docker.io"

struct reference {
	char *domain; /* owned: "docker.io", "127.0.0.1:5000" */
	char *path;   /* owned: "library/nginx" */
	char *tag;    /* owned, or NULL */
	bool has_digest;
	struct digest digest;
};

/*
 * Reads a name that a person typed. default_domain is REFERENCE_HUB or the user's own. ERROR_INVALID in docker's words:
 * "invalid reference format", "invalid reference format: repository name (library/Foo) must be lowercase".
 */
bool reference_parse(struct reference *out, struct str text, const char *default_domain, struct error *err);
void reference_free(struct reference *reference);
#define cleanup_reference __attribute__((cleanup(reference_free)))

/* Gives it the tag "latest" when it has neither tag nor digest; true when it did. */
bool reference_add_latest(struct reference *reference);
/* As docker shows it, owned by the caller: "nginx:1.0", "team/web", "127.0.0.1:5000/team/web@sha256:…". */
char *reference_familiar(const struct reference *reference);
/* As reference_familiar, without tag and digest. */
char *reference_familiar_name(const struct reference *reference);
/* In full, owned by the caller: "docker.io/library/nginx:1.0". */
char *reference_full(const struct reference *reference);

/* The grammar of the wire (OCI distribution-spec 1.1, "Pulling manifests"): a repository's name, without registry; a tag. */
bool reference_path_valid(struct str path);
bool reference_tag_valid(struct str tag);

#endif
