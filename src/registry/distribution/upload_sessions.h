/*
 * Uploads in flight: a session is a writer and the repository that it is for, used by one request at a time. A session that was promised to a client
 * (202 to a PATCH) is a row and a file, and goes on after a restart; before that it lives in memory alone. Any thread but a loop.
 */
#ifndef REGISTRY_DISTRIBUTION_UPLOAD_SESSIONS_H
#define REGISTRY_DISTRIBUTION_UPLOAD_SESSIONS_H

#include "registry/catalog/catalog.h"

struct upload_sessions;
struct upload_session;

/* open_max: so many keep their file open between two requests. Over it the idlest is read again by its next request. */
struct upload_sessions *upload_sessions_new(struct catalog *catalog, struct blob_store *store, size_t open_max);
/* No request may be running. What was not kept is dropped. */
void upload_sessions_free(struct upload_sessions *sessions);
/* How many are in memory. */
size_t upload_sessions_count(struct upload_sessions *sessions);

/* A new session, taken by the caller; algorithm is the one that it will be named by, as far as is known. */
bool upload_session_start(
	struct upload_session **out, struct upload_sessions *sessions, struct str repository, enum digest_algorithm algorithm, struct error *err);
/*
 * Takes the session of that name: ERROR_NOT_FOUND when there is none in this repository, ERROR_CONFLICT while another request has it: *held_bytes
 * says then what it holds so far (0 while its file is read again).
 */
bool upload_session_take(struct upload_session **out, struct upload_sessions *sessions, struct str name, struct str repository, int64_t *held_bytes,
	struct error *err);
/* Ends it. While another request has it, that one ends it when it gives it back; nobody can take it meanwhile. */
bool upload_session_cancel(struct upload_sessions *sessions, struct str name, struct str repository, struct error *err);
/* The caller's; valid while it has the session. */
struct blob_writer *upload_session_writer(struct upload_session *session);
/* Tells who asks meanwhile how much it holds by now. */
void upload_session_moved(struct upload_session *session);
/* The size of a piece that was under the least that all but the last must have; 0: none was. For the request that has the session. */
void upload_session_set_short(struct upload_session *session, int64_t bytes);
int64_t upload_session_short(const struct upload_session *session);
/* Makes what it holds outlive the process. */
bool upload_session_keep(struct upload_session *session, struct error *err);
/* Gives it back, for the next request. */
void upload_session_give(struct upload_session *session);
/* Ends it: its bytes and its row go. The row may have gone with the change that took the content. */
void upload_session_end(struct upload_session *session);

/* Ends those in memory that no request has, and none had since that time; returns how many. */
size_t upload_sessions_expire(struct upload_sessions *sessions, int64_t used_before_us);
/* Ends one that is a row or a file and not in memory; false, with nothing done, when it is. */
bool upload_session_expire(struct upload_sessions *sessions, struct str name);

/*
 * Brings uploads/ and its table together: rows without their file go, and uploads that nobody wrote to since that time. at_start: before requests;
 * then files that no row names are leftovers too. *ended counts the uploads that could have gone on.
 */
bool upload_sessions_sweep(struct upload_sessions *sessions, int64_t written_before_us, bool at_start, size_t *ended, struct error *err);

#endif
