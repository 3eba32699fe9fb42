/* Images as rows and folders: found, named, held, removed; two stores on one folder stand for two processes. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "local/image_add_internal.h"
#include "local/layer_internal.h"
#include "local/sweep_internal.h"

struct place {
	char folder[64];
	struct local *local;
};

static void place_open(struct place *place)
{
	cleanup_error struct error err = {0};

	snprintf(place->folder, sizeof place->folder, "/tmp/naru-local-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	unit_assert(local_open(&place->local, place->folder, &err), "%s", error_text(&err));
}

static void place_close(struct place *place)
{
	local_close(place->local);
	assert_true(folder_remove(AT_FDCWD, place->folder, NULL));
}

static struct digest sha256_of(struct str bytes)
{
	struct digest digest = {.algorithm = DIGEST_SHA256};

	hash_bytes(HASH_SHA256, bytes.data, bytes.len, digest.hash);
	return digest;
}

/* A layer with one file; its "tar" is only its name here, since nothing unpacks it. */
static struct image_layer layer_make(struct local *local, const char *name)
{
	cleanup_free char *tar = mem_printf("tar of %s", name), *folder = NULL, *fs = NULL, *path = NULL;
	cleanup_staging struct staging staging = {.fd = -1};
	cleanup_error struct error err = {0};
	struct image_layer layer = {.diff_id = sha256_of(str_of(tar)), .blob = sha256_of(str_of(name))};
	struct blob_writer *writer = NULL;

	assert_true(staging_begin(&staging, local, &err));
	folder = mem_printf("%s/0", staging.path);
	fs = mem_printf("%s/fs", folder);
	path = mem_printf("%s/file", fs);
	assert_true(folder_make(fs, 0755, &err));
	assert_true(file_replace(AT_FDCWD, path, name, strlen(name), 0644, &err));
	assert_true(blob_writer_new(&writer, local->blobs, &err) && blob_writer_append(writer, str_of(name), &err) &&
		    blob_writer_seal(writer, &layer.blob, &err));
	struct layer_made made = {.folder = folder, .diff_id = layer.diff_id, .blob = layer.blob, .size_bytes = 1000, .writer = writer};
	unit_assert(layer_commit(local, &made, &err), "%s", error_text(&err));
	blob_writer_close(writer);
	return layer;
}

/* An image of these layers, with a name; returns its ID. */
static struct digest image_make(struct local *local, const char *const *layers, size_t count, const char *created, const char *name)
{
	cleanup_buf struct buf config = {0}, manifest = {0};
	cleanup_reference struct reference reference = {0};
	cleanup_error struct error err = {0};
	struct image_layer made_layers[8];
	char text[DIGEST_TEXT_MAX];
	bool had_name;

	buf_printf(&config,
		"{\"architecture\":\"amd64\",\"os\":\"linux\",\"created\":\"%s\",\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[",
		created);
	for (size_t i = 0; i < count; i++) {
		made_layers[i] = layer_make(local, layers[i]);
		digest_format(&made_layers[i].diff_id, text);
		buf_printf(&config, "%s\"%s\"", i ? "," : "", text);
	}
	buf_add_text(&config, "]}}");
	buf_printf(&manifest, "{\"manifest of\":\"%s\"}", created);
	struct image_made made = {.id = sha256_of(buf_str(&config)),
		.config = buf_str(&config),
		.manifest_digest = sha256_of(buf_str(&manifest)),
		.manifest = buf_str(&manifest),
		.manifest_type = MEDIA_TYPE_DOCKER_MANIFEST,
		.layers = made_layers,
		.layers_count = count};
	if (name) {
		assert_true(reference_parse(&reference, str_of(name), REFERENCE_HUB, &err));
		reference_add_latest(&reference);
		made.name = &reference;
		made.remote_digest = &made.manifest_digest;
	}
	assert_true(clock_parse_rfc3339(str_of(created), &made.created_at_us));
	unit_assert(image_commit(local, &made, &had_name, &err), "%s", error_text(&err));
	return made.id;
}

static bool exists(const struct place *place, const char *format, const struct digest *digest)
{
	cleanup_free char *folder = layer_folder(place->local, digest);

	(void)format;
	return access(folder, F_OK) == 0;
}

static void is_found_by_its_names_and_the_start_of_its_id(void **state)
{
	struct place place;
	const char *const layers[] = {"a", "b"};
	cleanup_local_image struct local_image image = {0};
	char id[DIGEST_TEXT_MAX];

	(void)state;
	place_open(&place);
	struct digest made = image_make(place.local, layers, 2, "2026-01-02T03:04:05Z", "team/web:1.0");
	digest_format(&made, id);
	id[7 + 12] = '\0';
	const char *const asked[] = {"team/web:1.0", "docker.io/team/web:1.0", id, id + 7};
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		cleanup_error struct error err = {0};

		unit_assert(local_image_find(place.local, asked[i], REFERENCE_HUB, &image, &err), "%s: %s", asked[i], error_text(&err));
		assert_true(digest_equal(&image.id, &made));
		assert_int_equal(image.layers_count, 2);
		assert_int_equal(image.size_bytes, 2000);
		assert_int_equal(image.names_count, 2);
		assert_true(access(image.layers[0].path, F_OK) == 0);
		local_image_free(&image);
	}
	static const struct {
		const char *asked, *message;
	} missing[] = {
		{"nosuch", "No such image: nosuch:latest"},
		{"team/web", "No such image: team/web:latest"},
		{"abcdef012345", "No such image: abcdef012345:latest"},
		{"A:b", "invalid reference format: repository name (library/A) must be lowercase"},
		{"' or 1=1", "invalid reference format"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(missing); i++) {
		cleanup_error struct error err = {0};

		assert_false(local_image_find(place.local, missing[i].asked, REFERENCE_HUB, &image, &err));
		unit_assert_text(error_text(&err), missing[i].message);
	}
	place_close(&place);
}

static void lists_newest_first_in_every_process(void **state)
{
	struct place place;
	const char *const layers[] = {"a"};
	struct local_image *images;
	struct local *other;
	size_t count;

	(void)state;
	place_open(&place);
	image_make(place.local, layers, 1, "2025-01-01T00:00:00Z", "old");
	image_make(place.local, layers, 1, "2026-01-01T00:00:00Z", "new");
	assert_true(local_open(&other, place.folder, NULL));
	assert_true(local_images(other, &images, &count, NULL));
	assert_int_equal(count, 2);
	unit_assert_text(images[0].names[0].repository, "docker.io/library/new");
	local_images_free(images, count);
	local_close(other);
	place_close(&place);
}

struct lines {
	struct buf text;
	bool running;
};

static void line_add(void *argument, const char *line)
{
	struct lines *lines = argument;

	buf_printf(&lines->text, "%.19s|", line);
}

static bool is_running(void *argument, const char *container_id)
{
	(void)container_id;
	return ((struct lines *)argument)->running;
}

static bool image_rm(struct place *place, struct lines *lines, const char *name, bool force, struct error *err)
{
	struct local_remove remove = {
		.name_or_id = name, .default_domain = REFERENCE_HUB, .force = force, .running = is_running, .removed = line_add, .argument = lines};

	buf_clear(&lines->text);
	return local_image_remove(place->local, &remove, err);
}

static void removal_takes_what_nobody_else_has(void **state)
{
	struct place place;
	const char *const one[] = {"a", "b"}, *const two[] = {"a", "c"};
	struct lines lines = {0};
	cleanup_error struct error err = {0};
	cleanup_reference struct reference second = {0};

	(void)state;
	place_open(&place);
	struct digest id = image_make(place.local, one, 2, "2026-01-01T00:00:00Z", "x:1");
	image_make(place.local, two, 2, "2026-01-02T00:00:00Z", "y:1");
	assert_true(reference_parse(&second, STR("x:2"), REFERENCE_HUB, NULL) && local_tag(place.local, &id, &second, NULL));

	unit_assert(image_rm(&place, &lines, "x:2", false, &err), "%s", error_text(&err));
	unit_assert_text(lines.text.data, "Untagged: x:2|");
	unit_assert(image_rm(&place, &lines, "x:1", false, &err), "%s", error_text(&err));
	/* The name, its digest, the image, its upper layer; the lower one is y's too. */
	char first[64];
	snprintf(first, sizeof first, "%.60s", lines.text.data);
	unit_assert(str_starts(buf_str(&lines.text), STR("Untagged: x:1|Untagged: x@sha256:|Deleted: sha256:")), "%s", first);
	size_t deleted = 0;
	for (const char *at = lines.text.data; (at = strstr(at, "Deleted: ")); at++)
		deleted++;
	assert_int_equal(deleted, 2);

	struct digest a = sha256_of(STR("tar of a")), b = sha256_of(STR("tar of b"));
	assert_true(exists(&place, "", &a));
	assert_false(exists(&place, "", &b));
	assert_false(image_rm(&place, &lines, "x:1", true, &err));
	unit_assert_text(error_text(&err), "No such image: x:1");
	buf_free(&lines.text);
	place_close(&place);
}

struct hold {
	const struct digest *id;
	const char *container;
	bool release;
};

static bool hold_in(struct db_tx *tx, void *argument, struct error *err)
{
	struct hold *hold = argument;

	return hold->release ? local_release(tx, hold->container, err) : local_hold(tx, hold->id, hold->container, err);
}

static void a_container_keeps_its_image(void **state)
{
	static const struct {
		bool running, by_id, force;
		const char *message; /* NULL: it goes through */
	} rows[] = {
		{false, false, false,
			"conflict: unable to remove repository reference \"x:1\" (must force) - container 82646f7f859a is using its referenced "
			"image "},
		{true, false, false,
			"conflict: unable to remove repository reference \"x:1\" (must force) - container 82646f7f859a is using its referenced "
			"image "},
		{false, true, false, "(must be forced) - image is being used by stopped container 82646f7f859a"},
		{true, true, false, "(cannot be forced) - image is being used by running container 82646f7f859a"},
		{true, true, true, "(cannot be forced) - image is being used by running container 82646f7f859a"},
		{true, false, true, NULL},
	};
	const char *const layers[] = {"a"};
	struct place place;
	char id_text[DIGEST_TEXT_MAX];

	(void)state;
	place_open(&place);
	struct digest id = image_make(place.local, layers, 1, "2026-01-01T00:00:00Z", "x:1");
	struct hold hold = {.id = &id, .container = "82646f7f859a0000000000000000000000000000000000000000000000000000"};
	assert_true(db_change(local_db(place.local), hold_in, &hold, NULL));
	digest_format(&id, id_text);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct lines lines = {.running = rows[i].running};
		cleanup_error struct error err = {0};
		bool done = image_rm(&place, &lines, rows[i].by_id ? id_text : "x:1", rows[i].force, &err);

		unit_assert(done == !rows[i].message, "row %zu: %s", i, error_text(&err));
		unit_assert(done || (err.kind == ERROR_CONFLICT && strstr(error_text(&err), rows[i].message)), "row %zu: %s", i, error_text(&err));
		buf_free(&lines.text);
	}
	/* Untagged by force, and still there for its container; it goes when that has gone. */
	cleanup_local_image struct local_image image = {0};
	assert_true(local_image_get(place.local, &id, &image, NULL));
	assert_int_equal(image.names_count, 0);
	hold.release = true;
	assert_true(db_change(local_db(place.local), hold_in, &hold, NULL));
	struct lines lines = {0};
	assert_true(image_rm(&place, &lines, id_text, false, NULL));
	buf_free(&lines.text);
	place_close(&place);
}

static void several_repositories_need_force(void **state)
{
	const char *const layers[] = {"a"};
	cleanup_reference struct reference second = {0};
	cleanup_error struct error err = {0};
	struct lines lines = {0};
	struct place place;
	char id_text[DIGEST_TEXT_MAX];

	(void)state;
	place_open(&place);
	struct digest id = image_make(place.local, layers, 1, "2026-01-01T00:00:00Z", "x:1");
	assert_true(reference_parse(&second, STR("y:1"), REFERENCE_HUB, NULL) && local_tag(place.local, &id, &second, NULL));
	digest_format(&id, id_text);
	assert_false(image_rm(&place, &lines, id_text, false, &err));
	assert_non_null(strstr(error_text(&err), "(must be forced) - image is referenced in multiple repositories"));
	assert_true(image_rm(&place, &lines, id_text, true, NULL));
	buf_free(&lines.text);
	place_close(&place);
}

static bool boot_forget(struct db_tx *tx, void *argument, struct error *err)
{
	(void)argument;
	return db_run(tx, "UPDATE layers SET boot_id = 'another'", DB_NONE, err);
}

struct asked {
	struct local *local;
	struct digest diff_id;
	bool known;
};

static bool ask_known(struct db_tx *tx, void *argument, struct error *err)
{
	struct asked *asked = argument;

	return layer_known(asked->local, tx, &asked->diff_id, NULL, &asked->known, err);
}

static void what_a_power_cut_may_have_damaged_is_not_believed(void **state)
{
	struct place place;
	struct image_layer layer;

	(void)state;
	place_open(&place);
	layer = layer_make(place.local, "a");
	struct asked asked = {.local = place.local, .diff_id = layer.diff_id};
	assert_true(db_read(local_db(place.local), ask_known, &asked, NULL) && asked.known);
	assert_true(db_change(local_db(place.local), boot_forget, NULL, NULL));
	assert_true(db_read(local_db(place.local), ask_known, &asked, NULL) && !asked.known);
	/* Made again, over what stands there. */
	layer_make(place.local, "a");
	assert_true(db_read(local_db(place.local), ask_known, &asked, NULL) && asked.known);
	place_close(&place);
}

static void leftovers_of_the_dead_go_and_the_living_stay(void **state)
{
	cleanup_staging struct staging alive = {.fd = -1};
	struct staging dead = {.fd = -1};
	struct local *other;
	struct place place;

	(void)state;
	place_open(&place);
	assert_true(staging_begin(&alive, place.local, NULL) && staging_begin(&dead, place.local, NULL));
	/* As if its process had ended: the lock goes, the folder stays. */
	file_cleanup(&dead.fd);
	assert_true(local_open(&other, place.folder, NULL) && sweep_unnamed(other, NULL));
	assert_true(access(alive.path, F_OK) == 0);
	assert_true(access(dead.path, F_OK) != 0);
	free(dead.path);
	local_close(other);
	staging_end(&alive);
	place_close(&place);
}

UNIT_MAIN(cmocka_unit_test(is_found_by_its_names_and_the_start_of_its_id), cmocka_unit_test(lists_newest_first_in_every_process),
	cmocka_unit_test(removal_takes_what_nobody_else_has), cmocka_unit_test(a_container_keeps_its_image),
	cmocka_unit_test(several_repositories_need_force), cmocka_unit_test(what_a_power_cut_may_have_damaged_is_not_believed),
	cmocka_unit_test(leftovers_of_the_dead_go_and_the_living_stay))
