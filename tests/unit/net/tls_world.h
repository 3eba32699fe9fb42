/* A server with TLS on its first address and none on its second, and the files of its certificate. */
#ifndef TESTS_UNIT_NET_TLS_WORLD_H
#define TESTS_UNIT_NET_TLS_WORLD_H

#include "tests/unit/net/server_fixture.h"

struct world {
	char folder[32];
	char *cert_file, *key_file;
	struct server_tls tls;
	struct server_listener listen[2];
	struct fixture fixture;
};

/* A folder with a certificate and its key; nothing is started. */
void world_files(struct world *world);
void world_files_remove(struct world *world);
/* With limits of its own, or NULL. */
void world_start(struct world *world, const struct server_limits *limits, bool only_1_3);
void world_stop(struct world *world);

#endif
