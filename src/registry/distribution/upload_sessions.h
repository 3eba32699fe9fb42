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
/*
 * At the start, before requests: removes what the earlier process left behind, which are files that no row names, rows without their file, and
 * uploads that nobody wrote to for a week.
 */
bool upload_sessions_sweep(struct catalog *catalog, struct blob_store *store, struct error *err);
/* No request may be running. What was not kept is dropped. */
void upload_sessions_free(struct upload_sessions *sessions);

/* A new session, taken by the caller. */
bool upload_session_start(struct upload_session **out, struct upload_sessions *sessions, struct str repository, struct error *err);
/* Takes the session of that name: ERROR_NOT_FOUND when there is none in this repository, ERROR_CONFLICT while another request has it. */
bool upload_session_take(struct upload_session **out, struct upload_sessions *sessions, struct str name, struct str repository, struct error *err);
/* The caller's; valid while it has the session. */
struct blob_writer *upload_session_writer(struct upload_session *session);
/* Makes what it holds outlive the process. */
bool upload_session_keep(struct upload_session *session, struct error *err);
/* Gives it back, for the next request. */
void upload_session_give(struct upload_session *session);
/* Ends it: its bytes and its row go. The row may have gone with the change that took the content. */
void upload_session_end(struct upload_session *session);

#endif
