/* Content that is named by a row and cannot be given: its file is short, gone or unreadable. It is told once a digest, however often it is asked for.
 */
#ifndef REGISTRY_DISTRIBUTION_DAMAGE_H
#define REGISTRY_DISTRIBUTION_DAMAGE_H

#include "base/str.h"

struct distribution;

/* Counts it, and writes the event "blob.damaged" the first time. Any thread but a loop. reference: its digest, or a manifest's tag. */
void damage_found(struct distribution *distribution, struct str repository, struct str reference);

#endif
