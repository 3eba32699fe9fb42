/* The media types of images, docker's and OCI's, and what each is for. */
#ifndef OCI_MEDIA_TYPE_H
#define OCI_MEDIA_TYPE_H

#include <stdbool.h>

#include "base/str.h"

#define MEDIA_TYPE_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_TYPE_OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define MEDIA_TYPE_OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define MEDIA_TYPE_OCI_LAYER "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_TYPE_OCI_LAYER_GZIP "application/vnd.oci.image.layer.v1.tar+gzip"
#define MEDIA_TYPE_OCI_LAYER_ZSTD "application/vnd.oci.image.layer.v1.tar+zstd"
#define MEDIA_TYPE_OCI_EMPTY "application/vnd.oci.empty.v1+json"
#define MEDIA_TYPE_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_TYPE_DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_TYPE_DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"
#define MEDIA_TYPE_DOCKER_LAYER "application/vnd.docker.image.rootfs.diff.tar"
#define MEDIA_TYPE_DOCKER_LAYER_GZIP "application/vnd.docker.image.rootfs.diff.tar.gzip"
#define MEDIA_TYPE_DOCKER_FOREIGN "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
#define MEDIA_TYPE_DOCKER_SCHEMA1 "application/vnd.docker.distribution.manifest.v1+json"
#define MEDIA_TYPE_DOCKER_SCHEMA1_SIGNED "application/vnd.docker.distribution.manifest.v1+prettyjws"

enum media_kind {
	MEDIA_OTHER,    /* anything else: artifacts are free to use what they like */
	MEDIA_MANIFEST, /* an image manifest */
	MEDIA_INDEX,    /* an index or manifest list */
	MEDIA_SCHEMA1,  /* refused: docker 28.2 dropped it */
	MEDIA_CONFIG,   /* an image configuration */
	MEDIA_LAYER,    /* a tar, plain or compressed */
};

enum layer_compression { LAYER_PLAIN, LAYER_GZIP, LAYER_ZSTD };

/* Of a bare type, without parameters. */
enum media_kind media_kind_of(struct str media_type);
/* How a MEDIA_LAYER is compressed; a type that does not say is plain. */
enum layer_compression media_layer_compression(struct str media_type);
/* A layer that need not be in the registry: docker's foreign and OCI's nondistributable ones. */
bool media_is_foreign(struct str media_type);
/* Docker's own, of whatever kind. */
bool media_type_is_docker(struct str media_type);
/* The part before ";", trimmed. */
struct str media_type_bare(struct str header);

#endif
