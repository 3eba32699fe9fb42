/* Who a container's program runs as: -u or the image's USER, looked up in the image's own /etc/passwd and /etc/group. */
#ifndef RUNTIME_USER_H
#define RUNTIME_USER_H

#include <stdint.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

#define USER_GROUPS_MAX 256
#define USER_HOME_MAX 4096

struct user {
	uint32_t uid, gid;
	uint32_t groups[USER_GROUPS_MAX]; /* the further ones */
	size_t groups_count;
	char home[USER_HOME_MAX]; /* "/" when passwd has none */
};

/*
 * Reads wanted ("", "name", "uid", "user:group") against the two files' content. Malformed lines are passed over.
 * ERROR_INVALID in docker's words: "unable to find user nosuch: no matching entries in passwd file".
 */
bool user_find(struct user *out, struct str wanted, struct str passwd, struct str group, struct error *err);

/* As user_find, with the files of the image whose root is open; a link in it cannot lead outside. Files over 16 MiB are refused. */
bool user_find_in(struct user *out, struct str wanted, int root_fd, struct error *err);

#endif
