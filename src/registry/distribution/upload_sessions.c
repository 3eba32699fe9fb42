#include "registry/distribution/upload_sessions.h"

#include <pthread.h>
#include <stdlib.h>
#include <uthash.h>

#include "base/log.h"
#include "base/mem.h"

/* In memory at once. Over it the one that was idle longest goes: a kept one can be taken again, any other has to start anew. */
#define SESSIONS_MAX 4096

struct upload_session {
	UT_hash_handle hh; /* in the order of last use */
	struct upload_sessions *sessions;
	char *name;
	char *repository;
	struct blob_writer *writer; /* NULL until a session of an earlier process is read again, by the request that has it */
	bool busy;                  /* a request has it; guarded by the lock, as is the next */
	bool is_open;               /* idle and counted in open_count */
	bool is_row;                /* it has a row in the database */
};

struct upload_sessions {
	struct catalog *catalog;
	struct blob_store *store;
	size_t open_max;
	pthread_mutex_t lock; /* guards what follows */
	struct upload_session *all;
	size_t open_count;
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

bool upload_session_start(struct upload_session **out, struct upload_sessions *sessions, struct str repository, struct error *err)
{
	struct blob_writer *writer;

	if (!blob_writer_new(&writer, sessions->store, err))
		return false;
	struct upload_session *session = make(sessions, str_of(blob_writer_name(writer)), repository, false);
	session->writer = writer;
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
	struct str name = str_of(session->name);
	bool found;

	if (!catalog_upload_find(session->sessions->catalog, name, str_of(session->repository), &found, err))
		return false;
	return found ? blob_writer_resume(&session->writer, session->sessions->store, name, DIGEST_SHA256, err) : unknown(name, err);
}

bool upload_session_take(struct upload_session **out, struct upload_sessions *sessions, struct str name, struct str repository, struct error *err)
{
	struct upload_session *session;
	bool taken = false;

	if (!blob_upload_name_valid(name))
		return unknown(name, err);
	pthread_mutex_lock(&sessions->lock);
	HASH_FIND(hh, sessions->all, name.data, name.len, session);
	if (!session) {
		/* In the table before its file is opened: two who read it again at once would both write to it, one perhaps when it is content. */
		session = make(sessions, name, repository, true);
		insert(session);
		taken = true;
	} else if (!str_equal(str_of(session->repository), repository)) {
		unknown(name, err);
	} else if (session->busy) {
		error_set(err, ERROR_CONFLICT, "another request is using upload '%.*s'", STR_ARG(name));
	} else {
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

struct blob_writer *upload_session_writer(struct upload_session *session)
{
	return session->writer;
}

bool upload_session_keep(struct upload_session *session, struct error *err)
{
	if (!blob_writer_keep(session->writer, err))
		return false;
	if (!session->is_row && !catalog_upload_keep(session->sessions->catalog, str_of(session->name), str_of(session->repository), err))
		return false;
	session->is_row = true;
	return true;
}

void upload_session_give(struct upload_session *session)
{
	struct upload_sessions *sessions = session->sessions;

	pthread_mutex_lock(&sessions->lock);
	session->busy = false;
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
