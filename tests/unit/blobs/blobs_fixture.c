#include "tests/unit/blobs/blobs_fixture.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/file.h"
#include "db/sql.h"

int make_place(void **state)
{
	static const struct db_migration migrations[] = {{1, "blobs", sql_blobs}};
	cleanup_error struct error err = {0};
	struct place *place = mem_alloc(1, sizeof *place);
	char where[64];

	snprintf(place->folder, sizeof place->folder, "/tmp/naru-test-XXXXXX");
	if (!mkdtemp(place->folder))
		return -1;
	snprintf(where, sizeof where, "sqlite:%s/test.db", place->folder);
	struct db_settings settings = {.where = where, .migrations = migrations, .migrations_count = 1, .readers_now = 1};
	unit_assert(db_open(&place->db, &settings, &err) && blob_store_open(&place->store, place->folder, place->db, &err), "%s", error_text(&err));
	*state = place;
	return 0;
}

int end_place(void **state)
{
	struct place *place = *state;

	blob_store_close(place->store);
	db_close(place->db);
	folder_remove(AT_FDCWD, place->folder, NULL);
	free(place);
	return 0;
}

char *pattern(size_t len)
{
	char *bytes = mem_alloc(len, 1);

	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	return bytes;
}
