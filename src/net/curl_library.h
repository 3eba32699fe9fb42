/* libcurl's functions that the client calls, loaded with the first of them (base/library.h says why). The types are the installed header's own. */
#ifndef NET_CURL_LIBRARY_H
#define NET_CURL_LIBRARY_H

#include <curl/curl.h>

#include "base/error.h"

#define CURL_FUNCTIONS(function)                                                                                                                     \
	function(easy_cleanup) function(easy_getinfo) function(easy_init) function(easy_perform) function(easy_reset) function(easy_setopt)          \
		function(easy_strerror) function(free) function(global_cleanup) function(global_init) function(slist_append)                         \
			function(slist_free_all) function(url) function(url_cleanup) function(url_get) function(url_set)

struct curl_library {
#define CURL_MEMBER(name) __typeof__(curl_##name) *name;
	CURL_FUNCTIONS(CURL_MEMBER)
#undef CURL_MEMBER
};

/* NULL with *err set when there is no libcurl. From any thread; never freed. */
const struct curl_library *curl_library(struct error *err);

#endif
