#include "registry/distribution/upload_sessions.h"

#include <pthread.h>
#include <stdlib.h>
#include <uthash.h>

#include "base/log.h"
#include "base/mem.h"

struct upload_session {
	UT_hash_handle hh; /* in the order of last use */
	struct upload_sessions *sessions;
	struct blob_writer *writer;
	char *repository;
	bool busy;   /* a request has it; guarded by the lock */
	bool is_row; /* it has a row in the database */
};

struct upload_sessions {
	struct catalog *catalog;
	struct blob_store *store;
	size_t sessions_max;
	pthread_mutex_t lock; /* guards what follows */
	struct upload_session *all;
};

struct upload_sessions *upload_sessions_new(struct catalog *catalog, struct blob_store *store, size_t sessions_max)
{
	struct upload_sessions *sessions = mem_alloc(1, sizeof *sessions);

	sessions->catalog = catalog;
	sessions->store = store;
	sessions->sessions_max = sessions_max;
	pthread_mutex_init(&sessions->lock, NULL);
	return sessions;
}

static void free_session(struct upload_session *session)
{
	blob_writer_close(session->writer);
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

/* Puts a session that the caller has into the table; under the lock. The idlest goes when there are too many. */
static void insert(struct upload_sessions *sessions, struct upload_session *session)
{
	const char *name = blob_writer_name(session->writer);
	struct upload_session *old, *next;

	HASH_ADD_KEYPTR(hh, sessions->all, name, strlen(name), session);
	if (HASH_COUNT(sessions->all) <= sessions->sessions_max)
		return;
	HASH_ITER (hh, sessions->all, old, next) {
		if (old->busy)
			continue;
		HASH_DEL(sessions->all, old);
		free_session(old);
		return;
	}
}

static struct upload_session *make(struct upload_sessions *sessions, struct blob_writer *writer, struct str repository, bool is_row)
{
	struct upload_session *session = mem_alloc(1, sizeof *session);

	session->sessions = sessions;
	session->writer = writer;
	session->repository = str_dup(repository);
	session->busy = true;
	session->is_row = is_row;
	return session;
}

bool upload_session_start(struct upload_session **out, struct upload_sessions *sessions, struct str repository, struct error *err)
{
	struct blob_writer *writer;

	if (!blob_writer_new(&writer, sessions->store, err))
		return false;
	struct upload_session *session = make(sessions, writer, repository, false);
	pthread_mutex_lock(&sessions->lock);
	insert(sessions, session);
	pthread_mutex_unlock(&sessions->lock);
	*out = session;
	return true;
}

static bool unknown(struct str name, struct error *err)
{
	return error_set(err, ERROR_NOT_FOUND, "no upload '%.*s' in this repository", STR_ARG(str_head(name, 64)));
}

static bool take_from_memory(struct upload_session **out, struct upload_sessions *sessions, struct str name, struct str repository, struct error *err)
{
	struct upload_session *session;
	bool taken = false;

	pthread_mutex_lock(&sessions->lock);
	HASH_FIND(hh, sessions->all, name.data, name.len, session);
	if (!session || !str_equal(str_of(session->repository), repository)) {
		unknown(name, err);
	} else if (session->busy) {
		error_set(err, ERROR_CONFLICT, "another request is using upload '%.*s'", STR_ARG(name));
	} else {
		session->busy = taken = true;
		HASH_DEL(sessions->all, session);
		insert(sessions, session);
		*out = session;
	}
	pthread_mutex_unlock(&sessions->lock);
	return taken;
}

/* One of an earlier process, or one that memory had no room for. */
static bool take_from_rows(struct upload_session **out, struct upload_sessions *sessions, struct str name, struct str repository, struct error *err)
{
	struct blob_writer *writer;
	struct upload_session *other;
	bool found;

	if (!catalog_upload_find(sessions->catalog, name, repository, &found, err))
		return false;
	if (!found)
		return unknown(name, err);
	if (!blob_writer_resume(&writer, sessions->store, name, err))
		return false;
	struct upload_session *session = make(sessions, writer, repository, true);
	pthread_mutex_lock(&sessions->lock);
	HASH_FIND(hh, sessions->all, name.data, name.len, other);
	if (!other)
		insert(sessions, session);
	pthread_mutex_unlock(&sessions->lock);
	if (other) {
		free_session(session);
		return error_set(err, ERROR_CONFLICT, "another request is using upload '%.*s'", STR_ARG(name));
	}
	*out = session;
	return true;
}

bool upload_session_take(struct upload_session **out, struct upload_sessions *sessions, struct str name, struct str repository, struct error *err)
{
	if (take_from_memory(out, sessions, name, repository, err))
		return true;
	if (err->kind != ERROR_NOT_FOUND)
		return false;
	error_clear(err);
	return take_from_rows(out, sessions, name, repository, err);
}

struct blob_writer *upload_session_writer(struct upload_session *session)
{
	return session->writer;
}

bool upload_session_keep(struct upload_session *session, struct error *err)
{
	if (!blob_writer_keep(session->writer, err))
		return false;
	if (!session->is_row &&
		!catalog_upload_keep(session->sessions->catalog, str_of(blob_writer_name(session->writer)), str_of(session->repository), err))
		return false;
	session->is_row = true;
	return true;
}

void upload_session_give(struct upload_session *session)
{
	pthread_mutex_t *lock = &session->sessions->lock;

	pthread_mutex_lock(lock);
	session->busy = false;
	pthread_mutex_unlock(lock);
}

void upload_session_end(struct upload_session *session)
{
	struct upload_sessions *sessions = session->sessions;
	cleanup_error struct error err = {0};

	pthread_mutex_lock(&sessions->lock);
	HASH_DEL(sessions->all, session);
	pthread_mutex_unlock(&sessions->lock);
	if (session->is_row && !catalog_upload_forget(sessions->catalog, str_of(blob_writer_name(session->writer)), &err))
		log_warning("upload %s stays as a row: %s", blob_writer_name(session->writer), error_text(&err));
	blob_writer_drop(session->writer);
	session->writer = NULL;
	free_session(session);
}
