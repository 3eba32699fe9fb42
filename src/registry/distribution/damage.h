/* Content that is named by a row and cannot be given: its file is short, gone or unreadable. It is told once a digest, however often it is asked for.
 */
#ifndef REGISTRY_DISTRIBUTION_DAMAGE_H
#define REGISTRY_DISTRIBUTION_DAMAGE_H

#include "net/server.h"

/*
 * Counts it, writes the event "blob.damaged" the first time, and answers: 500, or 404 to HEAD, because who asks before a push shall push: the whole
 * file takes the damaged one's place. Any thread but a loop. reference: its digest, or a manifest's tag. Clears err, which says what is damaged.
 */
void answer_damaged(struct request *request, struct str repository, struct str reference, struct error *err);

#endif
