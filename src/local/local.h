/*
 * The tool's storage: images and their unpacked layers, shared by any number of processes without a daemon.
 *
 *   naru.db          the rows (src/db/sql/blobs.sql, local.sql)
 *   blobs/           content by digest (blobs/blobs.h): configurations, manifests, layers compressed as they came
 *   uploads/         such content on its way in
 *   layers/sha256/<diff id>/fs   an unpacked layer, each on its own, independent of those below
 *   staging/<uuid>/  what a process is unpacking; its flock says that it lives
 *   store.lock       shared while content gets its name and row, exclusive while unnamed content is removed
 *
 * What is visible is rows: a crash leaves at worst files without a row, which the next pull removes. docs/decisions/0005-local-store.md.
 */
#ifndef LOCAL_LOCAL_H
#define LOCAL_LOCAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "blobs/blobs.h"
#include "db/db.h"
#include "oci/oci.h"

struct local;
struct remote; /* remote/remote.h */

/* NARU_HOME, else /var/lib/naru for root, else $XDG_DATA_HOME/naru, else ~/.local/share/naru. Owned by the caller. */
bool local_home(char **out, struct error *err);
/* Opens or makes the store in folder. */
bool local_open(struct local **out, const char *folder, struct error *err);
void local_close(struct local *local);
/* Borrowed: the store's folder, its database (other rooms have their own tables in local.sql), its content. */
const char *local_folder(const struct local *local);
struct db *local_db(struct local *local);
struct blob_store *local_blobs(struct local *local);

/* ---- images ---- */

struct local_layer {
	struct digest diff_id; /* of the tar: what the configuration names */
	struct digest blob;    /* of the layer as it came */
	int64_t size_bytes;    /* of its files */
	char *path;            /* owned: ".../layers/sha256/<hex>/fs" */
};

/* A name that an image has: "docker.io/library/nginx:1.0", or "docker.io/library/nginx@sha256:…" since it was pulled or pushed. */
struct local_name {
	char *repository; /* owned: "docker.io/library/nginx" */
	char *tag;        /* owned; NULL for a digest's */
	char *digest;     /* owned; NULL for a tag's */
	int64_t tagged_at_us;
};

/* An image, owned as a whole by whoever asked; free with local_image_free or local_images_free. */
struct local_image {
	struct digest id; /* of the configuration, docker's IMAGE ID */
	struct buf config;
	struct image_config parsed;
	struct digest manifest_digest;
	char *manifest_type;
	struct buf manifest;
	int64_t size_bytes;         /* of all layers' files */
	struct local_layer *layers; /* lowest first */
	size_t layers_count;
	struct local_name *names; /* by repository, then tag; digests last */
	size_t names_count;
	char *named; /* owned: the familiar name with tag that it was asked by; NULL when by ID */
};

/*
 * By name (familiar, with the default tag when none is given; or name@digest) or by a unique prefix of its ID, with or without "sha256:".
 * ERROR_NOT_FOUND in docker's words: "No such image: nosuch:latest".
 */
bool local_image_find(struct local *local, const char *name_or_id, const char *default_domain, struct local_image *out, struct error *err);
/* The familiar form of a name that an image has: "nginx:1.0", "team/web@sha256:…"; tag and digest may be NULL. Owned by the caller. */
char *local_name_familiar(const char *repository, const char *tag, const char *digest);

/* By its exact ID. */
bool local_image_get(struct local *local, const struct digest *id, struct local_image *out, struct error *err);
void local_image_free(struct local_image *image);
#define cleanup_local_image __attribute__((cleanup(local_image_free)))

/*
 * Makes sure that each layer's folder is there and whole: after an unclean end of the machine, what was not yet on the disk is unpacked again
 * from its blob. Before the image is mounted. ERROR_NOT_FOUND when the blob is not there either: the image has to be pulled again.
 */
bool local_image_ready(struct local *local, const struct local_image *image, struct error *err);

/* All of them, newest creation first. */
bool local_images(struct local *local, struct local_image **out, size_t *count, struct error *err);
void local_images_free(struct local_image *images, size_t count);

/* Gives the image another name; it is taken from whoever has it. */
bool local_tag(struct local *local, const struct digest *id, const struct reference *name, struct error *err);

/* ---- holds: what keeps an image ---- */

/*
 * In a change: container_id (64 hex) uses the image; ERROR_NOT_FOUND when the image has gone meanwhile. Released by local_release; one that
 * is not there is fine.
 */
bool local_hold(struct db_tx *tx, const struct digest *id, const char *container_id, struct error *err);
bool local_release(struct db_tx *tx, const char *container_id, struct error *err);

/* Lines of a removal: "Untagged: r:t", "Deleted: sha256:…", in order. */
typedef void local_removed_function(void *argument, const char *line);

struct local_remove {
	const char *name_or_id;
	const char *default_domain;
	bool force;
	/* Is this container running? Told by who knows containers; NULL: none is. Called outside of any change. */
	bool (*running)(void *argument, const char *container_id);
	local_removed_function *removed;
	void *argument; /* of both */
};

/* `rmi`: takes the name away, and with the last one the image and the layers that nobody else has. ERROR_CONFLICT in docker's words. */
bool local_image_remove(struct local *local, const struct local_remove *remove, struct error *err);

/* ---- pull and push ---- */

enum local_layer_state {
	LOCAL_LAYER_PULLING, /* "Pulling fs layer" */
	LOCAL_LAYER_WAITING,
	LOCAL_LAYER_EXISTS, /* "Already exists" (pull), "Layer already exists" (push) */
	LOCAL_LAYER_DOWNLOADING,
	LOCAL_LAYER_VERIFYING, /* "Verifying Checksum" */
	LOCAL_LAYER_DOWNLOADED,
	LOCAL_LAYER_EXTRACTING,
	LOCAL_LAYER_PULLED,
	LOCAL_LAYER_PREPARING, /* of a push */
	LOCAL_LAYER_PUSHING,
	LOCAL_LAYER_MOUNTED, /* text: the repository */
	LOCAL_LAYER_PUSHED,
	LOCAL_LAYER_RETRYING, /* seconds: until the next try */
};

struct local_event {
	size_t layer;   /* index, lowest first */
	const char *id; /* 12 digits: of the blob (pull) or of the diff id (push) */
	enum local_layer_state state;
	int64_t done_bytes, total_bytes; /* while it is on its way, compressed */
	const char *text;                /* or NULL */
	unsigned int seconds;            /* of LOCAL_LAYER_RETRYING */
};

/* How a transfer is going. Calls come from several threads, one at a time. NULL members are not called. */
struct local_watch {
	/* Once, before the layers: what is pulled or pushed, and how many layers it has. */
	void (*begin)(void *argument, const struct reference *reference, size_t layers);
	/* A layer's state, or its bytes while Downloading, Extracting, Pushing. */
	void (*layer)(void *argument, const struct local_event *event);
	void *argument;
};

struct local_pull {
	const struct reference *reference; /* with a tag or a digest */
	const struct platform *platform;   /* NULL: the host's */
	const struct local_watch *watch;   /* may be NULL */
	const atomic_bool *cancel;         /* may be NULL */
};

struct local_pulled {
	struct digest digest; /* what the name stands for: of the index or manifest */
	struct digest id;
	bool was_there; /* "Image is up to date" */
};

/*
 * Fetches the image and unpacks it, several layers at once; all of it verified. Nothing of it is visible until all is there, and an error leaves
 * nothing but finished layers, which the next pull takes over. Errors are in docker's words.
 */
bool local_pull(struct local *local, struct remote *remote, const struct local_pull *pull, struct local_pulled *out, struct error *err);

struct local_push {
	const struct reference *reference; /* with a tag */
	const struct local_watch *watch;
	const atomic_bool *cancel;
};

struct local_pushed {
	struct digest digest; /* of the manifest */
	int64_t size_bytes;
};

/* Sends what the other side lacks. "An image does not exist locally with the tag: …" is ERROR_NOT_FOUND. */
bool local_push(struct local *local, struct remote *remote, const struct local_push *push, struct local_pushed *out, struct error *err);

/* ---- archives ---- */

/* One image that was loaded: its name ("docker.io/library/x:1", familiar "x:1"), or NULL when it has none. */
typedef void local_loaded_function(void *argument, const char *familiar, const struct digest *id);

struct local_load {
	int fd; /* of the archive; need not be seekable */
	const char *default_domain;
	local_loaded_function *loaded;
	void *argument;
	const atomic_bool *cancel;
};

/* Reads a docker archive or an OCI layout in a tar, plain or compressed; checks it as a pull does. */
bool local_load(struct local *local, const struct local_load *load, struct error *err);

#endif
