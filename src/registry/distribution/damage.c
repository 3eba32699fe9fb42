#include "registry/distribution/damage.h"

#include <string.h>

#include "base/log.h"
#include "registry/distribution/answers.h"

/* True the first time, as far as is remembered. */
static bool is_new(struct damage *damage, struct str reference)
{
	bool known = false;

	pthread_mutex_lock(&damage->lock);
	for (size_t i = 0; i < DAMAGE_TOLD_MAX && !known; i++)
		known = str_equal(str_of(damage->told[i]), reference);
	if (!known && reference.len < DIGEST_TEXT_MAX) {
		char *place = damage->told[damage->count++ % DAMAGE_TOLD_MAX];

		memcpy(place, reference.data, reference.len);
		place[reference.len] = '\0';
	}
	pthread_mutex_unlock(&damage->lock);
	return !known;
}

void answer_damaged(struct request *request, struct str repository, struct str reference, struct error *err)
{
	struct distribution *distribution = request_distribution(request);
	cleanup_error struct error lost = {0};

	distribution->contents_damaged++;
	if (is_new(&distribution->damage, reference) && !catalog_blob_damaged(distribution->catalog, repository, reference, &lost))
		log_error("the event of damaged content %.*s is lost: %s", STR_ARG(reference), error_text(&lost));
	if (request_method(request) == HTTP_HEAD) {
		log_error("damaged, and told to be missing: %s", error_text(err));
		error_clear(err);
		answer_empty(request, 404);
	} else {
		answer_error(request, SUBJECT_BLOB, err);
	}
}
