#include <stdio.h>

int main(void)
{
	puts("naru-registry " NARU_VERSION);
	return 0;
}
