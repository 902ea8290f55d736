// SPDX-License-Identifier: MIT
/* Intrusive doubly linked ring list; the head is a struct list too. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

#define LIST_INIT(head)          \
	{                        \
		&(head), &(head) \
	}

#define list_for_each(pos, head, member)                                                         \
	for (pos = (__typeof__(pos))((char *)(head)->next - offsetof(__typeof__(*pos), member)); \
	     &pos->member != (head); pos = (__typeof__(pos))((char *)pos->member.next -          \
							     offsetof(__typeof__(*pos), member)))

/* as list_for_each; pos may be removed or freed inside */
#define list_for_each_safe(pos, tmp, head, member)                                               \
	for (pos = (__typeof__(pos))((char *)(head)->next - offsetof(__typeof__(*pos), member)), \
	    tmp = (__typeof__(pos))((char *)pos->member.next -                                   \
				    offsetof(__typeof__(*pos), member));                         \
	     &pos->member != (head);                                                             \
	     pos = tmp, tmp = (__typeof__(pos))((char *)tmp->member.next -                       \
						offsetof(__typeof__(*pos), member)))

static inline void list_init(struct list *head)
{
	head->next = head->prev = head;
}

static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

static inline void list_add_tail(struct list *head, struct list *item)
{
	item->prev = head->prev;
	item->next = head;
	head->prev->next = item;
	head->prev = item;
}

static inline void list_add_head(struct list *head, struct list *item)
{
	list_add_tail(head->next, item);
}

/* removes the item; it becomes a ring of its own, so removing twice is harmless */
static inline void list_del(struct list *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	list_init(item);
}

#endif
