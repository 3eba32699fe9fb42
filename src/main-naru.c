#include <stdio.h>

int main(void)
{
	puts("naru " NARU_VERSION);
	return 0;
}
