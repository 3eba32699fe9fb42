/* A ring of links embedded in what it lists: adding and taking out cost nothing and allocate nothing. One thread at a time. */
#ifndef NET_LINK_H
#define NET_LINK_H

#include <stdbool.h>
#include <stddef.h>

struct link {
	struct link *previous, *next; /* itself when alone */
};

/* The struct that holds this link as its member. */
#define LINK_OWNER(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

static inline void link_init(struct link *link)
{
	link->previous = link->next = link;
}

static inline bool link_alone(const struct link *link)
{
	return link->next == link;
}

/* Takes it out of its ring; alone afterwards. */
static inline void link_remove(struct link *link)
{
	link->previous->next = link->next;
	link->next->previous = link->previous;
	link_init(link);
}

/* Puts it at the end of the list (out of the one where it was). */
static inline void link_append(struct link *list, struct link *link)
{
	link_remove(link);
	link->previous = list->previous;
	link->next = list;
	list->previous->next = link;
	list->previous = link;
}

#endif
