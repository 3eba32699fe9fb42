#include "tests/unit/unit.h"

#include "base/buf.h"

static void test_grows_and_ends_in_nul(void **state)
{
	cleanup_buf struct buf buf = {0};

	(void)state;
	for (int i = 0; i < 10000; i++)
		buf_printf(&buf, "%d,", i % 10);
	assert_int_equal(buf.len, 20000);
	assert_int_equal(strlen(buf.data), 20000);
	assert_memory_equal(buf.data + 19998, "9,", 3);
}

static void test_drop_and_clear(void **state)
{
	cleanup_buf struct buf buf = {0};

	(void)state;
	buf_add_text(&buf, "0123456789");
	buf_drop(&buf, 3);
	unit_assert_text(buf.data, "3456789");
	buf_drop(&buf, 100);
	assert_int_equal(buf.len, 0);
	unit_assert_text(buf.data, "");
	buf_add(&buf, "a\0b", 3);
	assert_int_equal(buf_str(&buf).len, 3);
	buf_clear(&buf);
	assert_int_equal(buf.len, 0);
	buf_drop(&buf, 1);
}

static void test_empty(void **state)
{
	cleanup_buf struct buf buf = {0};
	cleanup_free char *taken = NULL;

	(void)state;
	buf_add(&buf, NULL, 0);
	unit_assert_text(buf.data, "");
	taken = buf_take(&buf);
	unit_assert_text(taken, "");
	assert_null(buf.data);
	cleanup_free char *again = buf_take(&buf);
	unit_assert_text(again, "");
}

static void test_room(void **state)
{
	cleanup_buf struct buf buf = {0};

	(void)state;
	buf_add_char(&buf, 'x');
	memcpy(buf_room(&buf, 1000), "yz", 2);
	buf_added(&buf, 2);
	unit_assert_text(buf.data, "xyz");
	assert_true(buf.capacity >= 1002);
}

UNIT_MAIN(cmocka_unit_test(test_grows_and_ends_in_nul), cmocka_unit_test(test_drop_and_clear), cmocka_unit_test(test_empty),
	cmocka_unit_test(test_room))
