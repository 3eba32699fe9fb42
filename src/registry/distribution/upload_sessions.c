#include <stdatomic.h>
#include <stdlib.h>
#include <uthash.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "registry/distribution/upload_sessions_internal.h"

/* In memory at once. Over it the one that was idle longest goes: a kept one can be taken again, any other has to start anew. */
#define SESSIONS_MAX 4096

struct upload_session {
	UT_hash_handle hh; /* in the order of last use */
	struct upload_sessions *sessions;
	char *name;
	char *repository;
	struct blob_writer *writer; /* NULL until a session of an earlier process is read again, by the request that has it */
	enum digest_algorithm algorithm;
	int64_t short_bytes;        /* of the request that has it */
	bool is_row;                /* it has a row in the database */
	_Atomic int64_t held_bytes; /* for who asks while a request has it */
	bool busy;                  /* a request has it; guarded by the lock, as is what follows */
	bool canceled;              /* who has it ends it */
	bool is_open;               /* idle and counted in open_count */
	int64_t used_at_us;
	struct upload_session *next; /* of those that expire together */
};

struct upload_sessions *upload_sessions_new(struct catalog *catalog, struct blob_store *store, size_t open_max)
{
	struct upload_sessions *sessions = mem_alloc(1, sizeof *sessions);

	sessions->catalog = catalog;
	sessions->store = store;
	sessions->open_max = open_max;
	pthread_mutex_init(&sessions->lock, NULL);
	return sessions;
}

/* What has no row cannot be found again: its file goes with it. */
static void free_session(struct upload_session *session)
{
	if (session->is_row)
		blob_writer_close(session->writer);
	else
		blob_writer_drop(session->writer);
	free(session->name);
	free(session->repository);
	free(session);
}

void upload_sessions_free(struct upload_sessions *sessions)
{
	struct upload_session *session, *next;

	if (!sessions)
		return;
	HASH_ITER (hh, sessions->all, session, next) {
		HASH_DEL(sessions->all, session);
		free_session(session);
	}
	pthread_mutex_destroy(&sessions->lock);
	free(sessions);
}

size_t upload_sessions_count(struct upload_sessions *sessions)
{
	pthread_mutex_lock(&sessions->lock);
	size_t count = HASH_COUNT(sessions->all);
	pthread_mutex_unlock(&sessions->lock);
	return count;
}

/* ---- under the lock ---- */

/* The request that takes it counts for its descriptor itself. */
static void set_busy(struct upload_session *session)
{
	session->busy = true;
	session->sessions->open_count -= session->is_open;
	session->is_open = false;
}

static void insert(struct upload_session *session)
{
	HASH_ADD_KEYPTR(hh, session->sessions->all, session->name, strlen(session->name), session);
}

/* The idlest ones go while there are too many. */
static void trim(struct upload_sessions *sessions)
{
	struct upload_session *session, *next;

	HASH_ITER (hh, sessions->all, session, next) {
		bool too_many = HASH_COUNT(sessions->all) > SESSIONS_MAX, too_many_open = sessions->open_count > sessions->open_max;

		if (!too_many && !too_many_open)
			return;
		if (session->busy || (!too_many && !session->is_open))
			continue;
		set_busy(session);
		HASH_DEL(sessions->all, session);
		free_session(session);
	}
}

/* ---- ---- */

static struct upload_session *make(struct upload_sessions *sessions, struct str name, struct str repository, bool is_row)
{
	struct upload_session *session = mem_alloc(1, sizeof *session);

	session->sessions = sessions;
	session->name = str_dup(name);
	session->repository = str_dup(repository);
	session->busy = true;
	session->used_at_us = clock_now_us();
	session->is_row = is_row;
	return session;
}

static void leave(struct upload_session *session)
{
	struct upload_sessions *sessions = session->sessions;

	pthread_mutex_lock(&sessions->lock);
	HASH_DEL(sessions->all, session);
	pthread_mutex_unlock(&sessions->lock);
	free_session(session);
}

bool upload_session_start(
	struct upload_session **out, struct upload_sessions *sessions, struct str repository, enum digest_algorithm algorithm, struct error *err)
{
	struct blob_writer *writer;

	if (!blob_writer_new(&writer, sessions->store, err))
		return false;
	struct upload_session *session = make(sessions, str_of(blob_writer_name(writer)), repository, false);
	session->writer = writer;
	session->algorithm = algorithm;
	blob_writer_expect(writer, algorithm);
	pthread_mutex_lock(&sessions->lock);
	insert(session);
	trim(sessions);
	pthread_mutex_unlock(&sessions->lock);
	*out = session;
	return true;
}

static bool unknown(struct str name, struct error *err)
{
	return error_set(err, ERROR_NOT_FOUND, "no upload '%.*s' in this repository", STR_ARG(str_head(name, 64)));
}

/* One of an earlier process, or one that memory had no room for. */
static bool read_again(struct upload_session *session, struct error *err)
{
	struct upload_sessions *sessions = session->sessions;
	struct str name = str_of(session->name);
	bool found;

	if (!catalog_upload_find(sessions->catalog, name, str_of(session->repository), &session->algorithm, &found, err))
		return false;
	if (!found)
		return unknown(name, err);
	if (!blob_writer_resume(&session->writer, sessions->store, name, session->algorithm, err))
		return false;
	upload_session_moved(session);
	return true;
}

/* Under the lock: the session in memory, or one whose file is to be read again, in the table before its file is opened: two who read it again at
 * once would both write to it, one perhaps when it is content. */
static struct upload_session *find_or_insert(struct upload_sessions *sessions, struct str name, struct str repository, struct error *err)
{
	struct upload_session *session;

	HASH_FIND(hh, sessions->all, name.data, name.len, session);
	if (!session) {
		session = make(sessions, name, repository, true);
		session->busy = false;
		insert(session);
	} else if (session->canceled || !str_equal(str_of(session->repository), repository)) {
		unknown(name, err);
		return NULL;
	}
	return session;
}

bool upload_session_take(
	struct upload_session **out, struct upload_sessions *sessions, struct str name, struct str repository, int64_t *held_bytes, struct error *err)
{
	bool taken = false;

	*held_bytes = 0;
	if (!blob_upload_name_valid(name))
		return unknown(name, err);
	pthread_mutex_lock(&sessions->lock);
	struct upload_session *session = find_or_insert(sessions, name, repository, err);
	if (session && session->busy) {
		*held_bytes = session->held_bytes;
		error_set(err, ERROR_CONFLICT, "another request is using upload '%.*s'", STR_ARG(name));
	} else if (session) {
		set_busy(session);
		HASH_DEL(sessions->all, session);
		insert(session);
		taken = true;
	}
	pthread_mutex_unlock(&sessions->lock);
	if (!taken)
		return false;
	if (!session->writer && !read_again(session, err)) {
		leave(session);
		return false;
	}
	*out = session;
	return true;
}

/* Leaves word with the request that has it; false when none has. */
static bool cancel_busy(struct upload_sessions *sessions, struct str name, struct str repository)
{
	struct upload_session *session;

	pthread_mutex_lock(&sessions->lock);
	HASH_FIND(hh, sessions->all, name.data, name.len, session);
	bool canceled = session && session->busy && !session->canceled && str_equal(str_of(session->repository), repository);
	if (canceled)
		session->canceled = true;
	pthread_mutex_unlock(&sessions->lock);
	return canceled;
}

bool upload_session_cancel(struct upload_sessions *sessions, struct str name, struct str repository, struct error *err)
{
	struct error failed = {0};
	struct upload_session *session;
	int64_t held_bytes;

	/* Another request may take it or give it back between the two. */
	while (!cancel_busy(sessions, name, repository)) {
		if (upload_session_take(&session, sessions, name, repository, &held_bytes, &failed)) {
			upload_session_end(session);
			return true;
		}
		if (failed.kind != ERROR_CONFLICT)
			return error_move(err, &failed);
		error_clear(&failed);
	}
	return true;
}

struct blob_writer *upload_session_writer(struct upload_session *session)
{
	return session->writer;
}

void upload_session_moved(struct upload_session *session)
{
	session->held_bytes = blob_writer_size(session->writer);
}

void upload_session_set_short(struct upload_session *session, int64_t bytes)
{
	session->short_bytes = bytes;
}

int64_t upload_session_short(const struct upload_session *session)
{
	return session->short_bytes;
}

bool upload_session_keep(struct upload_session *session, struct error *err)
{
	if (!blob_writer_keep(session->writer, err))
		return false;
	if (!session->is_row &&
		!catalog_upload_keep(session->sessions->catalog, str_of(session->name), str_of(session->repository), session->algorithm, err))
		return false;
	session->is_row = true;
	return true;
}

void upload_session_give(struct upload_session *session)
{
	struct upload_sessions *sessions = session->sessions;

	upload_session_moved(session);
	pthread_mutex_lock(&sessions->lock);
	if (session->canceled) {
		pthread_mutex_unlock(&sessions->lock);
		upload_session_end(session);
		return;
	}
	session->busy = false;
	session->used_at_us = clock_now_us();
	session->is_open = blob_writer_has_file(session->writer);
	sessions->open_count += session->is_open;
	trim(sessions);
	pthread_mutex_unlock(&sessions->lock);
}

/* It leaves the table last: until then nobody can find its row and go on with a file that is about to go. */
void upload_session_end(struct upload_session *session)
{
	cleanup_error struct error err = {0};

	if (session->is_row && !catalog_upload_forget(session->sessions->catalog, str_of(session->name), &err))
		log_warning("upload %s stays as a row: %s", session->name, error_text(&err));
	blob_writer_drop(session->writer);
	session->writer = NULL;
	leave(session);
}

size_t upload_sessions_expire(struct upload_sessions *sessions, int64_t used_before_us)
{
	struct upload_session *session, *next, *expired = NULL;
	size_t count = 0;

	pthread_mutex_lock(&sessions->lock);
	HASH_ITER (hh, sessions->all, session, next) {
		if (session->busy || session->used_at_us >= used_before_us)
			continue;
		set_busy(session);
		session->canceled = true;
		session->next = expired;
		expired = session;
	}
	pthread_mutex_unlock(&sessions->lock);
	for (; expired; count++) {
		session = expired;
		expired = session->next;
		upload_session_end(session);
	}
	return count;
}

bool upload_session_expire(struct upload_sessions *sessions, struct str name)
{
	cleanup_error struct error err = {0};
	struct upload_session *session;

	pthread_mutex_lock(&sessions->lock);
	HASH_FIND(hh, sessions->all, name.data, name.len, session);
	bool in_memory = session != NULL;
	if (!in_memory) {
		session = make(sessions, name, STR(""), true);
		session->canceled = true;
		insert(session);
	}
	pthread_mutex_unlock(&sessions->lock);
	if (in_memory)
		return false;
	if (!blob_upload_remove(sessions->store, name, &err))
		log_warning("a leftover upload stays: %s", error_text(&err));
	upload_session_end(session);
	return true;
}
