#include "tests/unit/unit.h"

#include <stdatomic.h>

#include "base/thread.h"

struct count_task {
	struct thread_task task; /* first */
	atomic_int *runs;
	struct thread_pool *again; /* NULL, or where the first run adds it once more */
};

static void count(struct thread_task *task)
{
	struct count_task *counting = (struct count_task *)task;
	struct thread_pool *again = counting->again;

	counting->again = NULL;
	atomic_fetch_add(counting->runs, 1);
	if (again)
		thread_pool_add(again, task);
}

/* thread_pool_free waits for all that was added, and for what that adds. */
static void test_every_task_runs(void **state)
{
	struct thread_pool *pool = NULL;
	struct count_task tasks[500];
	atomic_int runs = 0;

	(void)state;
	assert_true(thread_pool_new(&pool, "test", 3, NULL));
	for (size_t i = 0; i < ARRAY_SIZE(tasks); i++) {
		tasks[i] = (struct count_task){.task.run = count, .runs = &runs, .again = i % 2 ? pool : NULL};
		thread_pool_add(pool, &tasks[i].task);
	}
	thread_pool_free(pool);
	assert_int_equal(runs, 750);
	thread_pool_free(NULL);
}

struct order_task {
	struct thread_task task; /* first */
	size_t number, *next;
	bool in_order;
};

static void check_order(struct thread_task *task)
{
	struct order_task *ordered = (struct order_task *)task;

	ordered->in_order = ordered->number == (*ordered->next)++;
}

static void test_they_start_in_order(void **state)
{
	struct thread_pool *pool = NULL;
	struct order_task tasks[100];
	size_t next = 0;

	(void)state;
	assert_true(thread_pool_new(&pool, "test", 1, NULL));
	for (size_t i = 0; i < ARRAY_SIZE(tasks); i++) {
		tasks[i] = (struct order_task){.task.run = check_order, .number = i, .next = &next};
		thread_pool_add(pool, &tasks[i].task);
	}
	thread_pool_free(pool);
	for (size_t i = 0; i < ARRAY_SIZE(tasks); i++)
		unit_assert(tasks[i].in_order, "task %zu", i);
}

UNIT_MAIN(cmocka_unit_test(test_every_task_runs), cmocka_unit_test(test_they_start_in_order))
