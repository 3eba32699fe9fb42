#include "registry/distribution/damage.h"

#include <string.h>

#include "base/log.h"
#include "registry/distribution/distribution.h"

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

void damage_found(struct distribution *distribution, struct str repository, struct str reference)
{
	cleanup_error struct error err = {0};

	distribution->contents_damaged++;
	if (is_new(&distribution->damage, reference) && !catalog_blob_damaged(distribution->catalog, repository, reference, &err))
		log_error("the event of damaged content %.*s is lost: %s", STR_ARG(reference), error_text(&err));
}
