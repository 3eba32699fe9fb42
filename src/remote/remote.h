/*
 * A registry as its client sees it: one host, its scheme, its challenge and its tokens, behind calls that say what is wanted
 * (OCI distribution-spec 1.1; docker's words for what goes wrong). Nothing is sent before the first call.
 * Every call waits, and may be made from several threads at once on one remote. Names (path, reference) come from reference_parse.
 */
#ifndef REMOTE_REMOTE_H
#define REMOTE_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "net/client.h"
#include "oci/descriptor.h"
#include "oci/digest.h"

struct remote;

/* Who asks; both owned and freed by the remote. NULL user: nobody. */
struct remote_credentials {
	char *user;
	char *secret;
};

struct remote_settings {
	const char *domain; /* as a reference has it: "docker.io" (asked at registry-1.docker.io), "127.0.0.1:5000" */
	/* Certificates are not checked, and plain HTTP is tried after HTTPS. On loopback HTTP is tried in any case. */
	bool insecure;
	const char *certs_folder; /* of folders HOST:PORT with *.crt, *.cert and *.key; NULL: docker's, "/etc/docker/certs.d" */
	/* Asked once, before the first authentication; true without a user is anonymous. NULL: anonymous. */
	bool (*credentials)(void *argument, const char *domain, struct remote_credentials *out, struct error *err);
	void *argument;
	unsigned int retry_delay_ms; /* before the second try, doubled before each later one; 0: 500 */
};

/* client is borrowed and must outlive the remote. Fails only on a domain that is none. */
bool remote_open(struct remote **out, struct http_client *client, const struct remote_settings *settings, struct error *err);
/* No call may be running. NULL is fine. */
void remote_close(struct remote *remote);
void remote_cleanup(struct remote **remote);
#define cleanup_remote __attribute__((cleanup(remote_cleanup)))

/* A try failed, and the next one comes in so many seconds; called each second until then, on the caller's thread. */
typedef void remote_waiting_function(void *argument, unsigned int seconds);

/* ---- reading: tried again after 5xx and lost connections, up to 5 times ---- */

struct remote_manifest {
	char *media_type; /* owned: Content-Type without parameters, "" when there was none */
	struct digest digest;
	struct buf bytes; /* up to MANIFEST_SIZE_MAX */
};
void remote_manifest_free(struct remote_manifest *manifest);
#define cleanup_remote_manifest __attribute__((cleanup(remote_manifest_free)))

/*
 * reference is a tag, or a digest as text. By digest the bytes are checked against it; by tag against Docker-Content-Digest when the registry
 * sent one: ERROR_CORRUPT otherwise. ERROR_NOT_FOUND: "manifest for 127.0.0.1:5000/team/x:1 not found: manifest unknown: manifest unknown".
 */
bool remote_manifest_get(struct remote *remote, const char *path, const char *reference, struct remote_manifest *out, struct error *err);
/* Its type, digest and size only; free with descriptor_free. A registry that does not name the digest here is asked by GET instead. */
bool remote_manifest_head(struct remote *remote, const char *path, const char *reference, struct descriptor *out, struct error *err);

struct remote_tags {
	char **items; /* owned, NULL-ended, in the registry's order */
	size_t count;
};
void remote_tags_free(struct remote_tags *tags);
#define cleanup_remote_tags __attribute__((cleanup(remote_tags_free)))
/* All tags of a repository, page after page (OCI distribution-spec 1.1, "Listing tags"); one that is no tag, or too many, is an error. */
bool remote_tags_get(struct remote *remote, const char *path, struct remote_tags *out, struct error *err);

/*
 * Hands the blob's bytes from offset on (0 up to size_bytes) to received, in order, each once, on this thread: a connection that breaks is
 * taken up where it ended. received returns false with *err set to end the call with that error. Bytes are counted, not hashed: whoever keeps
 * them hashes them. waiting may be NULL. ERROR_CORRUPT: the registry's blob is longer or shorter than size_bytes.
 */
bool remote_blob_get(struct remote *remote, const char *path, const struct digest *digest, int64_t size_bytes, int64_t offset,
	bool (*received)(void *argument, struct str bytes, struct error *err), remote_waiting_function *waiting, void *argument, struct error *err);
/* Whether this repository has the blob. */
bool remote_blob_exists(struct remote *remote, const char *path, const struct digest *digest, bool *exists, struct error *err);

/* ---- writing ---- */

/* An upload that the registry has opened. {0} is none. */
struct remote_upload {
	char *location; /* owned: absolute URL */
};
void remote_upload_free(struct remote_upload *upload);
#define cleanup_remote_upload __attribute__((cleanup(remote_upload_free)))

/*
 * Asks for the blob out of repository from, of the same registry. *mounted: it is there now. Else the registry may have opened an upload
 * instead: *upload then is to be given to remote_blob_push, so that no second one is opened.
 */
bool remote_blob_mount(struct remote *remote, const char *path, const struct digest *digest, const char *from, bool *mounted,
	struct remote_upload *upload, struct error *err);

/* A blob's content: memory, or size_bytes of a file from offset on (the file's own position does not matter and is not kept). */
struct remote_content {
	struct str bytes; /* used when bytes.data is not NULL */
	int fd;
	int64_t offset, size_bytes;
};

/*
 * Uploads it: one POST (none when upload, which may be NULL, has a location) and one PUT. Tried again from the start after 5xx and lost connections.
 * sent is told the bytes sent so far, on this thread; they fall back to 0 when it is tried again. sent and waiting may be NULL.
 */
bool remote_blob_push(struct remote *remote, const char *path, const struct digest *digest, const struct remote_content *content,
	struct remote_upload *upload, void (*sent)(void *argument, int64_t bytes), remote_waiting_function *waiting, void *argument,
	struct error *err);

/* reference is a tag, or a digest as text. *digest (may be NULL) is that of the bytes; a registry that names another is ERROR_CORRUPT. */
bool remote_manifest_put(struct remote *remote, const char *path, const char *reference, const char *media_type, struct str bytes,
	struct digest *digest, struct error *err);

#endif
