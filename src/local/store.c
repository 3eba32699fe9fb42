/* The folder and its locks. */
#include "local/local_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "db/sql.h"

/* Forward only: a released number never changes. */
static const struct db_migration migrations[] = {
	{1, "blobs", sql_blobs},
	{2, "local", sql_local},
};

bool local_home(char **out, struct error *err)
{
	const char *home = getenv("NARU_HOME"), *data = getenv("XDG_DATA_HOME"), *user = getenv("HOME");

	if (home && home[0]) {
		*out = mem_printf("%s", home);
		return true;
	}
	if (geteuid() == 0)
		*out = mem_printf("/var/lib/naru");
	else if (data && data[0] == '/')
		*out = mem_printf("%s/naru", data);
	else if (user && user[0] == '/')
		*out = mem_printf("%s/.local/share/naru", user);
	else
		return error_set(err, ERROR_INVALID, "no place for images: set NARU_HOME, XDG_DATA_HOME or HOME to a folder");
	return true;
}

/* Which run of the machine this is: content that was not synced is believed only within the same one. */
static bool boot_id_read(char out[static LOCAL_BOOT_ID_SIZE], struct error *err)
{
	cleanup_buf struct buf text = {0};
	struct str id;

	if (!file_read_all(AT_FDCWD, "/proc/sys/kernel/random/boot_id", LOCAL_BOOT_ID_SIZE - 1, &text, err))
		return false;
	id = str_trim(buf_str(&text));
	if (id.len == 0)
		return error_set(err, ERROR_SYSTEM, "/proc/sys/kernel/random/boot_id is empty");
	snprintf(out, LOCAL_BOOT_ID_SIZE, "%.*s", STR_ARG(id));
	return true;
}

static bool folders_make(struct local *local, struct error *err)
{
	static const char *const names[] = {"layers/sha256", "staging"};

	if (!folder_make(local->folder, 0711, err))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		cleanup_free char *path = mem_printf("%s/%s", local->folder, names[i]);

		if (!folder_make(path, 0711, err))
			return false;
	}
	local->folder_fd = folder_open(AT_FDCWD, local->folder, err);
	return local->folder_fd >= 0;
}

bool local_open(struct local **out, const char *folder, struct error *err)
{
	struct local *local = mem_alloc(1, sizeof *local);
	cleanup_free char *absolute = NULL, *where = NULL;

	local->folder_fd = -1;
	local->folder = mem_printf("%s", folder);
	if (!folders_make(local, err) || !boot_id_read(local->boot_id, err))
		goto failed;
	/* Paths of layers are given to mount and to containers: they have to hold in any working folder. */
	absolute = realpath(folder, NULL);
	if (!absolute) {
		error_set_errno(err, errno, "%s", folder);
		goto failed;
	}
	free(local->folder);
	local->folder = mem_printf("%s", absolute);

	where = mem_printf("sqlite:%s/naru.db", local->folder);
	struct db_settings settings = {
		.where = where, .migrations = migrations, .migrations_count = ARRAY_SIZE(migrations), .readers = 2, .shared = true};
	if (!db_open(&local->db, &settings, err) || !blob_store_open(&local->blobs, local->folder, local->db, err))
		goto failed;
	*out = local;
	return true;

failed:
	local_close(local);
	return error_prefix(err, "image store %s", folder);
}

void local_close(struct local *local)
{
	if (!local)
		return;
	blob_store_close(local->blobs);
	db_close(local->db);
	file_cleanup(&local->folder_fd);
	free(local->folder);
	free(local);
}

const char *local_folder(const struct local *local)
{
	return local->folder;
}

struct db *local_db(struct local *local)
{
	return local->db;
}

struct blob_store *local_blobs(struct local *local)
{
	return local->blobs;
}

int local_lock(struct local *local, bool exclusive, struct error *err)
{
	int fd = file_open(local->folder_fd, "store.lock", O_RDWR | O_CREAT, 0600, err);

	if (fd >= 0 && !file_lock(fd, exclusive, true, err))
		file_cleanup(&fd);
	return fd;
}

void local_space_words(const struct local *local, struct error *err)
{
	static const char words[] = "no space left on device";

	if (!err || err->kind != ERROR_NO_SPACE || strstr(error_text(err), words))
		return;
	error_clear(err);
	error_set(err, ERROR_NO_SPACE, "failed to register layer: %s: %s", local->folder, words);
}

/* ---- staging ---- */

/* Held while a staging folder is made, so that nobody takes it for a leftover before its own lock is there. */
static int staging_gate(struct local *local, bool exclusive, bool wait, struct error *err)
{
	int fd = folder_open(local->folder_fd, "staging", err);

	if (fd >= 0 && !file_lock(fd, exclusive, wait, err))
		file_cleanup(&fd);
	return fd;
}

bool staging_begin(struct staging *out, struct local *local, struct error *err)
{
	cleanup_fd int gate = staging_gate(local, false, true, err);
	char name[RANDOM_UUID_SIZE];

	*out = (struct staging){.fd = -1};
	if (gate < 0)
		return false;
	random_uuid(name);
	out->path = mem_printf("%s/staging/%s", local->folder, name);
	if (mkdirat(gate, name, 0700) < 0)
		return error_set_errno(err, errno, "make %s", out->path);
	out->fd = folder_open(gate, name, err);
	return out->fd >= 0 && file_lock(out->fd, true, false, err);
}

void staging_end(struct staging *staging)
{
	if (staging->path)
		folder_remove(AT_FDCWD, staging->path, NULL);
	free(staging->path);
	file_cleanup(&staging->fd);
	staging->path = NULL;
}

/* Removes one folder of staging/ unless its process lives. */
static bool leftover_remove(int staging_fd, const char *name, struct error *err)
{
	cleanup_error struct error why = {0};
	cleanup_fd int fd = folder_open(staging_fd, name, &why);

	if (fd < 0)
		return why.kind == ERROR_NOT_FOUND || error_move(err, &why);
	if (!file_lock(fd, true, false, &why))
		return why.kind == ERROR_CONFLICT || error_move(err, &why);
	return folder_remove(staging_fd, name, err);
}

bool staging_clean(struct local *local, struct error *err)
{
	cleanup_error struct error why = {0};
	int gate = staging_gate(local, true, false, &why);
	bool done = true;
	DIR *folder;

	/* Somebody is just beginning, or cleaning: the next one will do it. */
	if (gate < 0)
		return why.kind == ERROR_CONFLICT || error_move(err, &why);
	folder = fdopendir(gate);
	if (!folder) {
		error_set_errno(err, errno, "read %s/staging", local->folder);
		file_cleanup(&gate);
		return false;
	}
	for (struct dirent *entry = readdir(folder); entry && done; entry = readdir(folder)) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			done = leftover_remove(dirfd(folder), entry->d_name, err);
	}
	closedir(folder);
	return done;
}

/* ---- names of things ---- */

struct str digest_text(const struct digest *digest, char room[static DIGEST_TEXT_MAX])
{
	return str_make(room, digest_format(digest, room));
}

char *layer_folder(const struct local *local, const struct digest *diff_id)
{
	char text[DIGEST_TEXT_MAX];
	struct str algorithm, hex;

	str_cut(digest_text(diff_id, text), ':', &algorithm, &hex);
	return mem_printf("%s/layers/%.*s/%.*s", local->folder, STR_ARG(algorithm), STR_ARG(hex));
}

char *layer_path(const struct local *local, const struct digest *diff_id)
{
	cleanup_free char *folder = layer_folder(local, diff_id);

	return mem_printf("%s/fs", folder);
}

char *repository_of(const struct reference *reference)
{
	return mem_printf("%s/%s", reference->domain, reference->path);
}

char *local_name_familiar(const char *repository, const char *tag, const char *digest)
{
	cleanup_reference struct reference parsed = {0};
	cleanup_free char *name = NULL;

	/* What a row holds was a reference once; should it be none any more, it is shown as it is. */
	if (reference_parse(&parsed, str_of(repository), REFERENCE_HUB, NULL))
		name = reference_familiar_name(&parsed);
	else
		name = mem_printf("%s", repository);
	if (tag)
		return mem_printf("%s:%s", name, tag);
	if (digest)
		return mem_printf("%s@%s", name, digest);
	return mem_printf("%s", name);
}
