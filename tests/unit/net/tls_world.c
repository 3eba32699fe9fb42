#include "tests/unit/net/tls_world.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/unit/net/tls_identity.h"

void world_files(struct world *world)
{
	struct identity identity = identity_make("IP:127.0.0.1", 3600);

	*world = (struct world){.folder = "/tmp/naru-tls-XXXXXX", .listen = {{"127.0.0.1:0", true}, {"127.0.0.1:0", false}}};
	assert_non_null(mkdtemp(world->folder));
	world->cert_file = mem_printf("%s/cert.pem", world->folder);
	world->key_file = mem_printf("%s/key.pem", world->folder);
	identity_write(&identity, world->cert_file, world->key_file);
	identity_free(&identity);
	world->tls = (struct server_tls){.cert_file = world->cert_file, .key_file = world->key_file};
}

void world_start(struct world *world, const struct server_limits *limits, bool only_1_3)
{
	world_files(world);
	world->tls.only_1_3 = only_1_3;
	fixture_start_listening(&world->fixture, limits, world->listen, 2, &world->tls);
}

void world_files_remove(struct world *world)
{
	assert_true(folder_remove(AT_FDCWD, world->folder, NULL));
	free(world->cert_file);
	free(world->key_file);
}

void world_stop(struct world *world)
{
	fixture_stop(&world->fixture);
	world_files_remove(world);
}
