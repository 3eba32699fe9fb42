/* Between the files of the HTTP client: one exchange while it runs, and what curl's end of it means. */
#ifndef NET_CLIENT_INTERNAL_H
#define NET_CLIENT_INTERNAL_H

#include "net/client.h"
#include "net/curl_library.h"

/* Room for "[IPv6]:port". */
#define CLIENT_PEER_MAX 80

struct exchange {
	struct http_client *client;
	const struct curl_library *curl;
	const struct http_request *request;
	struct http_response *response;
	CURL *easy;
	char words[CURL_ERROR_SIZE];      /* curl's own, for what we have none for */
	char tried_peer[CLIENT_PEER_MAX]; /* the last address a connection was tried to */
	struct error failed;              /* why a callback ended it */
	size_t head_bytes;
	bool head_complete, body_cut; /* body_cut: enough of an error's body was read */
	int64_t body_total, body_sent;
	int64_t moved_at_us; /* when the last byte went or came */
	int64_t uploaded;
	bool stalled, canceled;
};

/* Fills err with what curl's code means, in Go's words; returns false. */
bool client_error(struct exchange *exchange, CURLcode code, struct error *err);
/* Puts `Get "URL": ` in front; returns false. */
bool client_error_prefix(const struct exchange *exchange, struct error *err);

/* Gives the handle the request's certificates; false when curl takes none. */
bool client_tls_set(struct exchange *exchange);

#endif
