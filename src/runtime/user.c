#include "runtime/user.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "runtime/root.h"

#define FILE_LIMIT (16 * 1024 * 1024)
#define FIELDS_MAX 7

/* The next line's fields, split at ':'; what a line has too few of is empty. false at the end. */
static bool next_line(struct str *rest, struct str fields[static FIELDS_MAX])
{
	struct str line;

	if (rest->len == 0)
		return false;
	if (!str_cut(*rest, '\n', &line, rest)) {
		line = *rest;
		*rest = (struct str){0};
	}
	for (size_t i = 0; i < FIELDS_MAX; i++) {
		fields[i] = line;
		if (i + 1 == FIELDS_MAX || !str_cut(line, ':', &fields[i], &line))
			line = (struct str){0};
	}
	return true;
}

static bool parse_id(struct str text, uint32_t *out)
{
	uint64_t value;

	/* The largest ID means "no change" to the kernel. */
	if (!str_to_u64(text, &value) || value >= UINT32_MAX)
		return false;
	*out = (uint32_t)value;
	return true;
}

/* Is the name one of the comma-separated members? */
static bool is_member(struct str members, struct str name)
{
	struct str member;

	while (str_next(&members, ',', &member))
		if (str_equal(member, name))
			return true;
	return false;
}

static void add_groups(struct user *out, struct str name, struct str group)
{
	struct str fields[FIELDS_MAX];
	uint32_t gid;

	while (name.len && out->groups_count < USER_GROUPS_MAX && next_line(&group, fields))
		if (is_member(str_trim(fields[3]), name) && parse_id(fields[2], &gid) && gid != out->gid)
			out->groups[out->groups_count++] = gid;
}

static bool find_group(struct user *out, struct str wanted, struct str group, struct error *err)
{
	struct str fields[FIELDS_MAX];
	uint32_t gid;

	while (next_line(&group, fields)) {
		if (str_equal(fields[0], wanted) && parse_id(fields[2], &gid)) {
			out->gid = gid;
			return true;
		}
	}
	if (parse_id(wanted, &gid)) {
		out->gid = gid;
		return true;
	}
	return error_set(err, ERROR_INVALID, "unable to find group %.*s: no matching entries in group file", STR_ARG(wanted));
}

bool user_find(struct user *out, struct str wanted, struct str passwd, struct str group, struct error *err)
{
	struct str fields[FIELDS_MAX], name = wanted, group_name = {0}, found = {0};
	uint32_t uid = 0, line_uid, line_gid;

	*out = (struct user){.home = "/"};
	bool has_group = str_cut(wanted, ':', &name, &group_name) && group_name.len;
	bool numeric = name.len == 0 || parse_id(name, &uid);
	while (next_line(&passwd, fields)) {
		if (!parse_id(fields[2], &line_uid) || !parse_id(fields[3], &line_gid) || fields[0].len == 0)
			continue;
		if (!(name.len && str_equal(fields[0], name)) && !(numeric && line_uid == uid))
			continue;
		found = fields[0];
		out->gid = line_gid;
		uid = line_uid;
		if (fields[5].len && fields[5].len < sizeof out->home && !memchr(fields[5].data, '\0', fields[5].len)) {
			memcpy(out->home, fields[5].data, fields[5].len);
			out->home[fields[5].len] = '\0';
		}
		break;
	}
	if (!numeric && found.len == 0)
		return error_set(err, ERROR_INVALID, "unable to find user %.*s: no matching entries in passwd file", STR_ARG(name));
	out->uid = uid;
	if (has_group)
		return find_group(out, group_name, group, err);
	add_groups(out, found, group);
	return true;
}

/* A file of the image; one that is not there, or is no file, is empty. */
static bool read_file(int root_fd, const char *path, struct buf *out, struct error *err)
{
	struct stat status;
	cleanup_fd int fd = root_open(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return true;
	if (status.st_size > FILE_LIMIT)
		return error_set(err, ERROR_TOO_LARGE, "the image's /%s is over %d bytes", path, FILE_LIMIT);
	size_t got, size = (size_t)status.st_size;
	if (!file_read(fd, buf_room(out, size), size, &got, err))
		return error_prefix(err, "the image's /%s", path);
	buf_added(out, got);
	return true;
}

bool user_find_in(struct user *out, struct str wanted, int root_fd, struct error *err)
{
	cleanup_buf struct buf passwd = {0}, group = {0};

	return read_file(root_fd, "etc/passwd", &passwd, err) && read_file(root_fd, "etc/group", &group, err) &&
	       user_find(out, wanted, buf_str(&passwd), buf_str(&group), err);
}
