/* Accept headers, one a cell and several a row: the closest range decides (RFC 9110, 12.5.1). */
#include "tests/unit/unit.h"

#include "registry/distribution/accept.h"

#define TYPE "application/vnd.oci.image.index.v1+json"
#define OTHER "application/vnd.oci.image.manifest.v1+json"

static const struct {
	const char *headers[3];
	bool takes;
} table[] = {
	{{NULL}, true},
	{{""}, true},
	{{" , ,"}, true},
	{{TYPE}, true},
	{{OTHER}, false},
	{{OTHER "," TYPE}, true},
	{{OTHER, TYPE}, true},
	{{TYPE, OTHER, "text/html"}, true},
	{{"APPLICATION/vnd.OCI.image.index.v1+JSON"}, true},
	{{"*/*"}, true},
	{{"*"}, true},
	{{"application/*"}, true},
	{{"text/*"}, false},
	{{"text/html"}, false},
	{{"*/*;q=0"}, false},
	{{TYPE ";q=0, */*"}, false},
	{{"*/*, " TYPE "; q=0.000"}, false},
	{{TYPE ";q=0", "*/*;q=1"}, false},
	{{"*/*;q=0, " TYPE}, true},
	{{"application/*;q=0, */*"}, false},
	{{TYPE ";q=0.001"}, true},
	{{TYPE "; charset=utf-8 ; Q=0"}, false},
	{{TYPE ";q=0," TYPE}, true}, /* said twice */
	{{TYPE ";q="}, true},
	{{TYPE ";q=x"}, true},
	{{TYPE ";"}, true},
	{{TYPE "x"}, false},
	{{"application"}, false},
	{{"/*"}, false},
};

static void the_closest_range_decides(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct accept accept = {0};

		for (size_t j = 0; j < 3 && table[i].headers[j]; j++)
			accept_add(&accept, str_of(table[i].headers[j]), STR(TYPE));
		unit_assert(accept_takes(&accept) == table[i].takes, "row %zu", i);
	}
}

UNIT_MAIN(cmocka_unit_test(the_closest_range_decides))
