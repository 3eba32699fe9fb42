/* What request_context gives to the registry's handlers: each takes what it works on from here. */
#ifndef REGISTRY_CONTEXT_H
#define REGISTRY_CONTEXT_H

struct distribution;
struct watch;

struct registry_context {
	struct distribution *distribution;
	struct watch *watch;
};

#endif
