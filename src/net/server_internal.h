/*
 * What the files of the server share. Who owns what:
 * - a connection and its request belong to their loop's thread. While a worker runs a handler or a sink it owns the request's public side; the
 *   loop then touches nothing of it but the flags that loop_post brings.
 * - between threads go only: tasks into the pool of workers, posts into a loop's inbox, buffers in and out of the pool. Each has one lock.
 * The way of a request: connection.c (states) → guard, http_parser, router → handler or body.c and sink.c → answer.c → answer_send.c.
 */
#ifndef NET_SERVER_INTERNAL_H
#define NET_SERVER_INTERNAL_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/buf.h"
#include "base/thread.h"
#include "net/chunked.h"
#include "net/guard.h"
#include "net/http_parser.h"
#include "net/limits.h"
#include "net/link.h"
#include "net/router.h"
#include "net/server.h"
#include "net/tls_internal.h"
#include "net/url.h"

#define BODY_BUFFER_SIZE ((size_t)128 * 1024)
#define BODY_BUFFERS_EACH 8                   /* of one connection at a time: a fast client leaves some for the others */
#define READ_BUDGET ((size_t)256 * 1024)      /* bytes that one connection may read in one turn of its loop */
#define WRITE_BUDGET ((size_t)1024 * 1024)    /* … and write */
#define TLS_WRITE_BUDGET ((size_t)256 * 1024) /* … and encrypt, which takes as long as the kernel for four times as much */
#define REQUESTS_BUDGET 32                    /* … and pipelined requests */
#define REST_MAX ((int64_t)256 * 1024)        /* of a body that nobody wanted: so much is read to keep the connection */
#define LINGER_MAX ((int64_t)4 * 1024 * 1024) /* read before a close so that the client sees the answer, not a reset */
#define LINGER_MS 2000
#define HEAD_FIRST_SIZE ((size_t)4096) /* the input buffer at first; it grows up to the limit of a head */
#define CHUNKED_AHEAD ((size_t)16384)  /* read beyond the chunk begun: so much of the next request may be read with it */
#define QUERIES_MAX 32
#define MEMORY_BODIES_MAX ((size_t)32 * 1024 * 1024) /* of all bodies in memory together; over it a request gets 503 */

struct connection;
struct loop;

/* ---- policy.c: what server_reload may change ---- */

struct server_policy {
	atomic_size_t holders;
	struct server_limits limits; /* none of the first six is 0 */
	SSL_CTX *tls;                /* NULL: no listener has it */
	struct cidr *trusted;        /* proxies whose word counts */
	size_t trusted_count;
};

/* One holder has it: the caller. NULL and err when the settings cannot be used. tls NULL: no listener speaks it. */
struct server_policy *policy_new(struct tls_shared *tls, const struct server_settings *settings, struct error *err);
void policy_hold(struct server_policy *policy);
void policy_release(struct server_policy *policy);
/* From any thread: the loop takes it before its next turn. The caller keeps its own hold. */
void policy_offer(struct loop *loop, struct server_policy *policy);
/* On the loop, between two turns. */
void policy_take(struct loop *loop);

/* ---- what a loop counts; server_counters adds the loops up ---- */

enum counter {
	COUNTER_ACCEPTED,
	COUNTER_REFUSED_CONNECTIONS,
	COUNTER_REFUSED_PER_ADDRESS,
	COUNTER_REFUSED_RATE,
	COUNTER_TIMEOUTS,
	COUNTER_TLS_HANDSHAKES,
	COUNTER_TLS_FAILURES,
	COUNTER_TLS_RESUMED,
	COUNTER_RECEIVED_BYTES,
	COUNTER_SENT_BYTES,
	COUNTERS_COUNT,
};

/* ---- body_pool.c: the buffers that all bodies share ---- */

struct body_buffer {
	struct body_buffer *next;
	size_t len;
	char data[BODY_BUFFER_SIZE];
};

struct body_pool {
	pthread_mutex_t lock; /* guards what follows */
	struct body_buffer *free;
	size_t free_count;
	size_t unmade; /* buffers that were never needed yet */
	bool wanted;   /* a loop went away without one */
};

void body_pool_init(struct body_pool *pool, size_t count);
void body_pool_destroy(struct body_pool *pool);
/* An empty buffer, or NULL: then body_pool_give says true once when there is one again. */
struct body_buffer *body_pool_take(struct body_pool *pool);
/* How many may be taken now. */
size_t body_pool_count(struct body_pool *pool);
/* Gives a buffer back; true when the loops that starve have to be told. */
bool body_pool_give(struct body_pool *pool, struct body_buffer *buffer);

/* The filled buffers of one body, from its loop to the worker that has its sink. */
struct body_queue {
	pthread_mutex_t lock; /* guards what follows */
	struct body_buffer *first, **end;
	size_t count;
	bool full; /* the loop went away as there was no room */
};

void body_queue_init(struct body_queue *queue);
void body_queue_destroy(struct body_queue *queue);
void body_queue_add(struct body_queue *queue, struct body_buffer *buffer);
/* Whether another buffer may be filled. When not, body_queue_take says once when it is worth coming back. */
bool body_queue_has_room(struct body_queue *queue);
bool body_queue_is_empty(struct body_queue *queue);
/* The oldest, or NULL. */
struct body_buffer *body_queue_take(struct body_queue *queue, bool *has_room_again);

/* ---- a request ---- */

struct answer_part {
	struct body_part part;
	size_t copied_at; /* place in request.copied of bytes that were copied */
	bool copied;
	bool close_fd; /* the last part with this descriptor */
};

struct request_query {
	struct str name, value;
};

/* Who asks, when trusted proxies say more of it than the connection. */
struct request_client {
	bool counted;
	struct ip key;                             /* by what its requests are counted */
	struct str peer, scheme, host;             /* empty: as the connection has it */
	char text[IP_TEXT_MAX + 8 + HOST_MAX + 8]; /* those of them that were put together */
};

/* What the loop asks of a worker about a sink, and what it says. Belongs to the worker from thread_pool_add to POST_JOB_DONE. */
struct sink_job {
	struct thread_task task;
	bool begin, end, complete; /* asked */
	bool refused, ended;       /* said */
};

struct request {
	struct guard head;
	struct http_field fields[GUARD_FIELDS_MAX];
	size_t fields_count;
	struct str target;
	struct request_client client;
	struct router_path path;
	struct router_match match;
	struct request_query queries[QUERIES_MAX];
	size_t queries_count;
	struct buf text; /* decoded path and queries; does not move while the request lives */
	struct buf body;
	size_t body_charged; /* bytes of it that count against the server's memory_bodies */
	char id[16];
	void *state;
	struct thread_task task; /* of a handler on a worker */
	void (*handle)(struct request *request);
	struct sink_job job;
	int64_t started_us;

	/* The answer. */
	atomic_bool answered; /* somebody has taken it on */
	int status;
	bool head_only;
	int64_t length;     /* of its body */
	struct buf headers; /* lines that the handler added */
	struct buf copied;  /* bytes of parts that nobody holds for us */
	struct answer_part *parts;
	size_t parts_count, parts_capacity;
};

/* ---- a connection ---- */

/* A range of a file on its way out of which is known that it is in memory, or that a worker reads. */
struct file_fetch {
	struct thread_task task;
	int fd;
	int64_t from, until;
	bool running; /* the worker has it: the answer waits, and the connection may not go */
};

enum connection_state {
	CONNECTION_HEAD,   /* reads a head, or waits for one */
	CONNECTION_BODY,   /* reads a body that somebody wants */
	CONNECTION_WAIT,   /* a handler has it */
	CONNECTION_ANSWER, /* sends */
	CONNECTION_REST,   /* reads what is left of a body that nobody wants */
	CONNECTION_LINGER, /* everything is sent and no more will be */
	CONNECTION_CLOSED,
};

enum timer_kind { TIMER_HEAD, TIMER_IDLE, TIMER_BODY, TIMER_LINGER, TIMER_KINDS_COUNT };

enum post {
	POST_ADOPT = 1,    /* a new connection comes from the loop that accepted it */
	POST_ANSWERED = 2, /* request_answer was called on another thread */
	POST_JOB_DONE = 4, /* the worker has done the sink's job */
	POST_FETCHED = 8,  /* the worker has read the next piece of the file */
	POST_ROOM = 16,    /* the worker has made room for more of the body */
};

/* The other side of a connection. */
struct peer {
	bool has_ip;  /* else it came through a unix socket */
	bool trusted; /* a proxy whose word counts */
	bool counted; /* among the connections of its address */
	struct ip ip;
	char text[IP_TEXT_MAX + 8];
};

enum source_kind { SOURCE_WAKE, SOURCE_LISTENER, SOURCE_CONNECTION };

struct connection {
	enum source_kind source; /* first: what epoll points at */
	struct loop *loop;
	int fd;
	enum connection_state state;
	bool can_read, can_write; /* as edge-triggered epoll said, until the kernel says EAGAIN; can_read also while TLS holds bytes that came */
	bool socket_can_read;     /* of TLS: can_read of the socket itself */
	bool hung_up;             /* the other side has closed: a short read is no sign of the end */
	bool failed;              /* nothing can be sent or read any more */
	bool keep;                /* stays open after this answer */
	bool answer_ready;        /* the answer is composed; seen by the loop */
	bool handling;            /* the loop is within a call to its handler, admit or refuse */
	bool blank_skipped;
	struct link all, run, starved, timer_link;
	enum timer_kind timer;
	int64_t timer_at_us;

	/* Input: head of the request, then what came with it. */
	char *in;
	size_t in_len, in_done, in_capacity;
	struct buf next; /* bytes of the next request that were read together with the end of a chunked body */

	/* The body coming in. */
	int64_t body_left; /* bytes still to come; -1 while chunked and not at its end; 0 when all was read */
	struct chunked chunked;
	int64_t body_got;  /* bytes of the body read, decoded */
	int64_t body_rest; /* bytes read of what nobody wants */
	bool continue_due; /* the client waits for a 100 */
	struct body_buffer *filling;
	struct body_queue filled;
	bool job_running, sink_begun, sink_over; /* over: end was called or never will be */
	int body_status; /* what is wrong with the body: 0 nothing, -1 the client is gone, else the status to refuse it with */

	/* The answer going out. */
	struct buf out; /* its head */
	size_t out_done, part_index;
	int64_t part_done, sent;
	uint64_t socket_sent; /* bytes of the whole connection that the kernel took: whether something moves */

	struct file_fetch fetch;
	struct tls_link tls;

	struct connection *post_next; /* these two are guarded by the loop's inbox_lock */
	unsigned int posted;

	struct pace pace;
	int64_t taken; /* by the client of all that was ever sent, when that was last asked; -1: not yet of this answer */

	struct peer peer;
	struct request request;
};

static inline struct connection *request_connection(const struct request *request)
{
	return LINK_OWNER(request, struct connection, request);
}

/* ---- loops and the server ---- */

struct listener {
	enum source_kind source; /* first */
	int fd;
	bool tls;
	bool passed;     /* somebody else opened it */
	char *address;   /* as text */
	char *made_path; /* a unix socket of ours, to be removed; NULL when there is none */
	dev_t made_device;
	ino_t made_inode;
};

struct loop {
	enum source_kind source; /* first: SOURCE_WAKE */
	struct server *server;
	size_t index;
	int epoll_fd, wake_fd;
	pthread_t handle; /* to join it */
	pthread_t thread; /* the same, set by the thread itself */
	int64_t now_us;   /* monotonic, of this turn */
	struct link all, run, starved, dead;
	struct link timers[TIMER_KINDS_COUNT];       /* each in order of its ends, as all of a kind take equally long */
	atomic_size_t connections;                   /* others read it to find the idlest loop */
	struct server_policy *policy;                /* of this turn */
	_Atomic(struct server_policy *) next_policy; /* offered, or NULL */
	_Atomic uint64_t counters[COUNTERS_COUNT];   /* the loop alone writes them */
	bool accepting;
	bool stopping;
	uint64_t next_id;
	char date[64];
	int64_t date_at_s;
	struct tls_loop tls;
	char scratch[64 * 1024]; /* bytes that nobody keeps */

	pthread_mutex_t inbox_lock; /* guards what follows, and post_next and posted of its connections */
	struct connection *inbox_first, *inbox_last;
};

struct server {
	struct server_settings settings; /* its pointers but routes and context are not kept; limits: see policy */
	struct server_policy *policy;    /* the newest; server_start and server_reload alone use it */
	struct router *router;
	struct thread_pool *workers;
	struct body_pool pool;
	struct limits *limits;
	struct tls_shared *tls_shared; /* NULL: no listener speaks TLS */
	BIO_METHOD *tls_bio;
	_Atomic int64_t tls_not_after_s; /* of the policy's certificate */
	struct listener *listeners;
	size_t listeners_count;
	struct loop *loops;
	size_t loops_count, threads_count; /* loops made, and threads of theirs started */
	atomic_size_t connections;
	atomic_size_t memory_bodies; /* bytes */
	atomic_bool accepting;       /* all loops run: connections are welcome */
	atomic_bool stopping;
	_Atomic int64_t stop_at_us; /* when what still runs is cut off; set before stopping */
};

/* Counts on the loop's own thread. */
static inline void loop_count(struct loop *loop, enum counter counter, uint64_t by)
{
	uint64_t before = atomic_load_explicit(&loop->counters[counter], memory_order_relaxed);

	atomic_store_explicit(&loop->counters[counter], before + by, memory_order_relaxed);
}

/* listener.c */
bool listener_open(struct listener *listener, const struct server_listener *wanted, struct error *err);
/* The kernel refuses new connections from here on; the descriptor stays until no loop can look at it. */
void listener_refuse(struct listener *listener);
/* Frees what it has; also after an open that failed. */
void listener_close(struct listener *listener);

/* loop.c */
bool loop_init(struct loop *loop, struct server *server, size_t index, struct error *err);
void loop_destroy(struct loop *loop);
void *loop_run(void *argument);
void loop_wake(struct loop *loop);
/* From any thread: connection_posted runs with this flag on the loop. */
void loop_post(struct connection *connection, enum post flag);
bool loop_is_current(const struct loop *loop);
/* Date's value of this second. */
struct str loop_date(struct loop *loop);
/* Gives a buffer back to the pool and wakes who waits for one. From any thread. */
void server_give_buffer(struct server *server, struct body_buffer *buffer);

/* loop_accept.c */
void loop_accept(struct loop *loop, struct listener *listener);
/* Asks epoll for new connections, or no more. */
void loop_set_accepting(struct loop *loop, bool accepting);

/* timers.c */
void timer_start(struct connection *connection, enum timer_kind kind);
void timer_stop(struct connection *connection);
/* Milliseconds until the first one ends, for epoll_wait; -1 when there is none. */
int timers_wait_ms(const struct loop *loop);
void timers_run(struct loop *loop);

/* connection_life.c */
struct connection *connection_new(int fd, const struct peer *peer);
/* Frees a closed connection, or one that no loop has adopted. */
void connection_free(struct connection *connection);
void connection_adopt(struct loop *loop, struct connection *connection);
/* The other side is gone or has to be: ends it as soon as no worker has its request. */
void connection_abort(struct connection *connection);
/* Ends it at once: no worker may have its request. */
void connection_close(struct connection *connection);

/* connection.c */
/* Goes on as far as it can without waiting and within its budget. */
void connection_run(struct connection *connection);
void connection_posted(struct connection *connection, unsigned int flags);
void connection_timed_out(struct connection *connection);
/* Answers what the server refuses by itself, in the house's form. */
void connection_refuse(struct connection *connection, int status, const char *why);
/* Runs the request's handler, on the loop or on a worker. */
void connection_handle(struct connection *connection);

/* peer.c */
/* Who has just connected; false when its address has too many connections. */
bool peer_admit(struct loop *loop, const struct sockaddr_storage *address, struct peer *out);
void peer_leave(struct loop *loop, const struct peer *peer);
/* Sets request->client from the fields; false, with *why, when what proxies say cannot be believed. */
bool request_find_client(struct request *request, const char **why);

/* connection_limits.c */
/* True when the client has asked too often: it has been answered so. */
bool limits_refuse_request(struct connection *connection);
/* The body's next bytes are waited for; progress: some came just now. False when they come too slowly: body_status says so. */
bool limits_wait_for_body(struct connection *connection, bool progress);
/* The client has to take more of the answer; false when it does that too slowly. */
bool limits_wait_for_reader(struct connection *connection, bool progress);
/* Whether the client has taken more of the answer than when this was last looked at. */
bool limits_reader_moved(struct connection *connection);
/* Its answer failed. */
void limits_give_up_reader(struct connection *connection);

/* connection_io.c: the only file that knows the socket, and whether there is TLS before it. */
enum io_result { IO_SOME, IO_DRY, IO_END, IO_FAILED };
enum io_result connection_read(struct connection *connection, void *data, size_t len, size_t *got);
/* more: further bytes follow at once. */
enum io_result connection_write(struct connection *connection, const struct iovec *pieces, int count, bool more, size_t *sent);
/* IO_END: the file is shorter than that. */
enum io_result connection_send_file(struct connection *connection, int fd, int64_t offset, int64_t length, size_t *sent);
/* IO_SOME: the kernel has all that was written; IO_DRY: not yet. */
enum io_result connection_flush(struct connection *connection);
/* How many of all bytes sent the other side has acknowledged. */
int64_t connection_taken(const struct connection *connection);
/* What the other side has not taken yet is dropped at the close. */
void connection_drop_unsent(struct connection *connection);
/* Says that no more bytes will be sent. */
void connection_end_writing(struct connection *connection);

/* file_fetch.c */
/* Whether bytes of this range can be sent without waiting for a disk; else a worker reads them, and POST_FETCHED comes. */
bool file_is_near(struct connection *connection, int fd, int64_t offset, int64_t length);
/* Whether the byte at offset was found near or fetched. */
bool file_fetched(const struct file_fetch *fetch, int fd, int64_t offset);
/* Lets a worker read from there on. */
void file_fetch(struct connection *connection, int fd, int64_t offset, int64_t length);

/* tls_connection.c: the same for a connection that has TLS; the handshake is done by the first reads. */
BIO_METHOD *tls_bio_method_new(void);
bool tls_begin(struct connection *connection);
void tls_free(struct connection *connection);
enum io_result tls_read(struct connection *connection, void *data, size_t len, size_t *got);
enum io_result tls_write(struct connection *connection, const void *data, size_t len, size_t *sent);
enum io_result tls_flush(struct connection *connection);
/* At the begin of each turn: sends what waits, and lets reading go on that paused. */
void tls_go_on(struct connection *connection);
/* Sends close_notify if it can; nothing may be written afterwards. */
void tls_end(struct connection *connection);

/* request.c */
/* From the guarded head at the start of in to a request with its route; 0, or the status to refuse it with. */
int request_parse(struct request *request, const struct router *router, const char *head, const char **why);
void request_reset(struct request *request);
void request_free(struct request *request);

/* body.c */
/* Tells a client that waits for it to send its body. */
void body_continue(struct connection *connection);
/* Reads a body into memory or for a sink; true when it may go on at once with another state. */
bool body_run(struct connection *connection);
/* Reads and drops up to REST_MAX; true when it is at an end (of whatever kind). */
bool body_drop(struct connection *connection);
/* Gives back the buffers that were filled, and the room of a body in memory. */
void body_release(struct connection *connection);
/* The next bytes of the body, decoded, into data. IO_END: the body is complete. IO_FAILED: body_status says why. */
enum io_result body_read(struct connection *connection, char *data, size_t room, size_t *got);

/* sink.c */
/* Reads what the socket has and hands filled buffers over; true when it may go on at once with another state. */
bool sink_run(struct connection *connection);
void sink_job_done(struct connection *connection);
/* A buffer may be free again. */
void sink_fed(struct connection *connection);

/* request.c: around a call of somebody else's that works for a request: what it logs has the request's id. Behind the call the request may be gone.
 */
void request_enter(const struct request *request);
void request_leave(void);

/* answer.c */
void answer_release(struct request *request);
const char *answer_reason(int status);

/* answer_send.c */
void answer_begin(struct connection *connection);
/* Sends what the socket takes within the budget; true when all has left. */
bool answer_send(struct connection *connection);

#endif
