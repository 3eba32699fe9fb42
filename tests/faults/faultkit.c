/*
 * The hands of tests/faults/run:
 *   faultkit push ADDRESS JOURNAL CLIENTS   pushes images without pause until the server has gone; what was answered with 201 goes into JOURNAL, and
 *                                           each refusal, which only a server without a disk may give, to standard error
 *   faultkit check ADDRESS JOURNAL          reads everything back: prints "acknowledged N lost N halves N"; exits 1 when anything is lost or half
 *   faultkit wait ADDRESS                   waits for the first answer, up to 10 s, and prints the milliseconds since it was started
 *   faultkit cut FOLDER                     cuts the power of the file system that FOLDER is on: what its journal has not committed is gone
 * A journal line is "blob REPOSITORY DIGEST SIZE" or "tag REPOSITORY TAG DIGEST", written after the answer and before the next request.
 */
#include <curl/curl.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "oci/oci.h"

#define LAYERS 3
#define FS_IOC_SHUTDOWN_CALL _IOR('X', 125, uint32_t)
#define SHUTDOWN_NO_LOG_FLUSH 2

static atomic_bool ending;

static void end(int number)
{
	(void)number;
	atomic_store(&ending, true);
}

/* ---- one exchange ---- */

struct exchange {
	CURL *curl;
	const char *address;
	struct buf answer;
	struct buf location;
};

static size_t keep(char *data, size_t size, size_t count, void *argument)
{
	buf_add(argument, data, size * count);
	return size * count;
}

static size_t keep_location(char *data, size_t size, size_t count, void *argument)
{
	struct str line = str_trim(str_make(data, size * count)), name, value;

	if (str_cut(line, ':', &name, &value) && str_equal_nocase(name, STR("location"))) {
		buf_clear(argument);
		buf_add_str(argument, str_trim(value));
	}
	return size * count;
}

/* The status of the answer, or 0 when there was none. */
static long exchange(struct exchange *with, const char *method, const char *target, const char *type, struct str body)
{
	cleanup_free char *url = mem_printf("http://%s%s", with->address, target);
	cleanup_free char *header = mem_printf("Content-Type: %s", type ? type : "application/octet-stream");
	struct curl_slist *headers = curl_slist_append(NULL, header);
	long status = 0;

	headers = curl_slist_append(headers, "Expect:");
	buf_clear(&with->answer);
	curl_easy_reset(with->curl);
	curl_easy_setopt(with->curl, CURLOPT_URL, url);
	curl_easy_setopt(with->curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(with->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(with->curl, CURLOPT_TIMEOUT, 20L);
	curl_easy_setopt(with->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(with->curl, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(with->curl, CURLOPT_WRITEDATA, &with->answer);
	curl_easy_setopt(with->curl, CURLOPT_HEADERFUNCTION, keep_location);
	curl_easy_setopt(with->curl, CURLOPT_HEADERDATA, &with->location);
	if (strcmp(method, "GET") != 0) {
		curl_easy_setopt(with->curl, CURLOPT_POSTFIELDS, body.len ? body.data : "");
		curl_easy_setopt(with->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
	}
	if (curl_easy_perform(with->curl) == CURLE_OK)
		curl_easy_getinfo(with->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(headers);
	return status;
}

static void digest_text(struct str bytes, char text[static DIGEST_TEXT_MAX])
{
	struct digest digest;

	digest_of_bytes(&digest, DIGEST_SHA256, bytes);
	digest_format(&digest, text);
}

/* ---- push ---- */

struct pusher {
	const char *address;
	int journal;
	int number;
	struct exchange with;
	char *random; /* 2 MiB that blobs are cut from */
};

static void note(struct pusher *pusher, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note(struct pusher *pusher, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	cleanup_free char *line = mem_vprintf(format, args);
	va_end(args);
	if (!file_write(pusher->journal, line, strlen(line), NULL))
		abort();
}

/* True when the answer has that status. Another answer is told of; none is what a killed server gives. */
static bool ask(struct pusher *pusher, const char *method, const char *target, const char *type, struct str body, long wanted)
{
	long status = exchange(&pusher->with, method, target, type, body);

	if (status && status != wanted)
		fprintf(stderr, "refused: %s %s: %ld %.*s\n", method, target, status, STR_ARG(buf_str(&pusher->with.answer)));
	return status == wanted;
}

/* One POST, or POST, PATCH and PUT, in turn. */
static bool push_blob(struct pusher *pusher, const char *repository, struct str bytes, char text[static DIGEST_TEXT_MAX], int turn)
{
	digest_text(bytes, text);
	if (turn % 2) {
		cleanup_free char *target = mem_printf("/v2/%s/blobs/uploads/?digest=%s", repository, text);

		if (!ask(pusher, "POST", target, NULL, bytes, 201))
			return false;
	} else {
		cleanup_free char *target = mem_printf("/v2/%s/blobs/uploads/", repository);

		if (!ask(pusher, "POST", target, NULL, STR(""), 202))
			return false;
		cleanup_free char *location = str_dup(buf_str(&pusher->with.location)), *closing = mem_printf("%s?digest=%s", location, text);
		if (!ask(pusher, "PATCH", location, NULL, bytes, 202) || !ask(pusher, "PUT", closing, NULL, STR(""), 201))
			return false;
	}
	note(pusher, "blob %s %s %zu\n", repository, text, bytes.len);
	return true;
}

static const size_t sizes[] = {2048, 30000, 65536, 65537, 200000, 700000, 2000000};

static bool push_image(struct pusher *pusher, unsigned int *seed, int turn)
{
	char repository[32], tag[64], text[DIGEST_TEXT_MAX];
	cleanup_buf struct buf manifest = {0};

	snprintf(repository, sizeof repository, "client%d/image%d", pusher->number, turn % 3);
	snprintf(tag, sizeof tag, "t%lld-%d", (long long)clock_now_us(), turn);
	cleanup_free char *config = mem_printf("{\"architecture\":\"amd64\",\"os\":\"linux\",\"n\":\"%s\"}", tag);
	if (!push_blob(pusher, repository, str_of(config), text, turn))
		return false;
	buf_printf(&manifest,
		"{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu},\"layers\":[",
		MEDIA_TYPE_OCI_MANIFEST, MEDIA_TYPE_OCI_CONFIG, text, strlen(config));
	for (int i = 0; i < LAYERS; i++) {
		size_t size = sizes[(size_t)rand_r(seed) % ARRAY_SIZE(sizes)];

		random_bytes(pusher->random, 64);
		if (!push_blob(pusher, repository, str_make(pusher->random, size), text, turn + i))
			return false;
		buf_printf(&manifest, "%s{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu}", i ? "," : "", MEDIA_TYPE_OCI_LAYER, text, size);
	}
	buf_add_text(&manifest, "]}");
	cleanup_free char *target = mem_printf("/v2/%s/manifests/%s", repository, tag);
	digest_text(buf_str(&manifest), text);
	if (!ask(pusher, "PUT", target, MEDIA_TYPE_OCI_MANIFEST, buf_str(&manifest), 201))
		return false;
	note(pusher, "tag %s %s %s\n", repository, tag, text);
	return true;
}

static void *push(void *argument)
{
	struct pusher *pusher = argument;
	unsigned int seed = (unsigned int)clock_now_us() + (unsigned int)pusher->number;

	/* After the server has gone there is nothing left to push to: the run starts us again. */
	for (int turn = 0; !atomic_load(&ending); turn++)
		if (!push_image(pusher, &seed, turn))
			break;
	return NULL;
}

static int command_push(const char *address, const char *journal_path, int clients)
{
	struct pusher *pushers = mem_alloc((size_t)clients, sizeof *pushers);
	pthread_t *threads = mem_alloc((size_t)clients, sizeof *threads);
	int journal = file_open(AT_FDCWD, journal_path, O_WRONLY | O_CREAT | O_APPEND, 0644, NULL);

	if (journal < 0)
		return 2;
	signal(SIGTERM, end);
	for (int i = 0; i < clients; i++) {
		pushers[i] = (struct pusher){address, journal, i, {curl_easy_init(), address, {0}, {0}}, mem_alloc(2 << 20, 1)};
		random_bytes(pushers[i].random, 2 << 20);
		pthread_create(&threads[i], NULL, push, &pushers[i]);
	}
	for (int i = 0; i < clients; i++) {
		pthread_join(threads[i], NULL);
		curl_easy_cleanup(pushers[i].with.curl);
		buf_free(&pushers[i].with.answer);
		buf_free(&pushers[i].with.location);
		free(pushers[i].random);
	}
	free(pushers);
	free(threads);
	close(journal);
	return 0;
}

/* ---- check ---- */

struct check {
	struct exchange with;
	size_t acknowledged, lost, halves;
};

static bool blob_is_whole(struct check *check, const char *repository, const char *digest, bool *found)
{
	char text[DIGEST_TEXT_MAX];
	cleanup_free char *target = mem_printf("/v2/%s/blobs/%s", repository, digest);
	long status = exchange(&check->with, "GET", target, NULL, STR(""));

	*found = status == 200;
	digest_text(buf_str(&check->with.answer), text);
	return *found && strcmp(text, digest) == 0;
}

static void acknowledged(struct check *check, bool whole, const char *what, const char *repository, const char *name)
{
	check->acknowledged++;
	if (!whole) {
		check->lost++;
		fprintf(stderr, "lost: %s %s %s\n", what, repository, name);
	}
}

static void check_journal(struct check *check, FILE *journal)
{
	char line[512], repository[64], name[160], digest[160];
	bool found;

	while (fgets(line, sizeof line, journal)) {
		if (sscanf(line, "blob %63s %159s", repository, digest) == 2) {
			acknowledged(check, blob_is_whole(check, repository, digest, &found), "blob", repository, digest);
		} else if (sscanf(line, "tag %63s %159s %159s", repository, name, digest) == 3) {
			char text[DIGEST_TEXT_MAX];
			cleanup_free char *target = mem_printf("/v2/%s/manifests/%s", repository, name);
			long status = exchange(&check->with, "GET", target, NULL, STR(""));

			digest_text(buf_str(&check->with.answer), text);
			acknowledged(check, status == 200 && strcmp(text, digest) == 0, "tag", repository, name);
		}
	}
}

static void half(struct check *check, const char *what, const char *repository, const char *name)
{
	check->halves++;
	fprintf(stderr, "half: %s %s %s\n", what, repository, name);
}

/* A tag that is seen, whoever was told of it: its manifest and all that it names are whole. */
static void check_visible_tag(struct check *check, const char *repository, const char *tag)
{
	cleanup_free char *target = mem_printf("/v2/%s/manifests/%s", repository, tag);
	cleanup_manifest struct manifest manifest = {0};
	char text[DIGEST_TEXT_MAX];
	bool found;

	if (exchange(&check->with, "GET", target, NULL, STR("")) != 200 || !manifest_parse(&manifest, buf_str(&check->with.answer), STR(""), NULL)) {
		half(check, "tag", repository, tag);
		return;
	}
	for (size_t i = 0; i <= manifest.layers_count; i++) {
		digest_format(i < manifest.layers_count ? &manifest.layers[i].digest : &manifest.config.digest, text);
		if (!blob_is_whole(check, repository, text, &found))
			half(check, tag, repository, text);
	}
}

/* A list that cannot be had counts as one half: nothing is known of what it would have shown. */
static json_t *list(struct check *check, const char *target, const char *field)
{
	json_t *json = exchange(&check->with, "GET", target, NULL, STR("")) == 200
			       ? json_loadb(check->with.answer.data, check->with.answer.len, 0, NULL)
			       : NULL;
	json_t *names = json_incref(json_object_get(json, field));

	json_decref(json);
	if (!names)
		half(check, "list", target, field);
	return names ? names : json_array();
}

static void check_visible(struct check *check)
{
	json_t *repositories = list(check, "/v2/_catalog?n=1000", "repositories"), *repository, *tag;
	size_t i, j;

	json_array_foreach (repositories, i, repository) {
		cleanup_free char *target = mem_printf("/v2/%s/tags/list?n=10000", json_string_value(repository));
		json_t *tags = list(check, target, "tags");

		json_array_foreach (tags, j, tag)
			check_visible_tag(check, json_string_value(repository), json_string_value(tag));
		json_decref(tags);
	}
	json_decref(repositories);
}

static int command_check(const char *address, const char *journal_path)
{
	struct check check = {.with = {curl_easy_init(), address, {0}, {0}}};
	FILE *journal = fopen(journal_path, "re");

	if (!journal)
		return 2;
	check_journal(&check, journal);
	check_visible(&check);
	fclose(journal);
	curl_easy_cleanup(check.with.curl);
	buf_free(&check.with.answer);
	buf_free(&check.with.location);
	printf("acknowledged %zu lost %zu halves %zu\n", check.acknowledged, check.lost, check.halves);
	return check.lost || check.halves;
}

/* ---- wait and cut ---- */

static int command_wait(const char *address)
{
	struct exchange with = {curl_easy_init(), address, {0}, {0}};
	int64_t start = clock_monotonic_us(), took = 0;
	long status = 0;

	while (status != 200 && took < 10000000) {
		status = exchange(&with, "GET", "/v2/", NULL, STR(""));
		took = clock_monotonic_us() - start;
		if (status != 200)
			usleep(500);
	}
	curl_easy_cleanup(with.curl);
	buf_free(&with.answer);
	buf_free(&with.location);
	printf("%lld\n", (long long)took / 1000);
	return status != 200;
}

static int command_cut(const char *folder)
{
	uint32_t how = SHUTDOWN_NO_LOG_FLUSH;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, FS_IOC_SHUTDOWN_CALL, &how) < 0) {
		perror(folder);
		return 2;
	}
	close(fd);
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t clients;

	curl_global_init(CURL_GLOBAL_ALL);
	if (argc == 5 && strcmp(argv[1], "push") == 0 && str_to_u64(str_of(argv[4]), &clients) && clients <= 64)
		return command_push(argv[2], argv[3], (int)clients);
	if (argc == 4 && strcmp(argv[1], "check") == 0)
		return command_check(argv[2], argv[3]);
	if (argc == 3 && strcmp(argv[1], "wait") == 0)
		return command_wait(argv[2]);
	if (argc == 3 && strcmp(argv[1], "cut") == 0)
		return command_cut(argv[2]);
	fputs("usage: faultkit push ADDRESS JOURNAL CLIENTS | check ADDRESS JOURNAL | wait ADDRESS | cut FOLDER\n", stderr);
	return 2;
}
