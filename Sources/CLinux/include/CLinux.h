// What Swift's Glibc overlay lacks or imports with awkward types: Linux calls as they are, with
// plain integer constants, and socket addresses taken apart and put together. No logic lives here.
// Calls that glibc declares for _GNU_SOURCE only are in CLinux.c: defining it here would make the
// same headers differ between this module and Glibc.
#ifndef CLINUX_H
#define CLINUX_H
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

// epoll

static const uint32_t linux_readable = EPOLLIN;
static const uint32_t linux_writable = EPOLLOUT;
static const uint32_t linux_peer_finished = EPOLLRDHUP;
static const uint32_t linux_failed = EPOLLERR | EPOLLHUP;
static const uint32_t linux_edge_triggered = EPOLLET;

static inline int linux_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }
static inline int linux_epoll_add(int epoll, int descriptor, uint32_t mask, uint64_t word) {
  struct epoll_event event = {.events = mask, .data = {.u64 = word}};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}
static inline int linux_epoll_change(int epoll, int descriptor, uint32_t mask, uint64_t word) {
  struct epoll_event event = {.events = mask, .data = {.u64 = word}};
  return epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event);
}
static inline int linux_epoll_remove(int epoll, int descriptor) {
  struct epoll_event event = {0};
  return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &event);
}
static inline uint64_t linux_event_word(const struct epoll_event *event) { return event->data.u64; }
static inline uint32_t linux_event_mask(const struct epoll_event *event) { return event->events; }
static inline int linux_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

// sockets

static inline int linux_stream_socket(int family) {
  return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}
static inline int linux_socket_pair(int *both) {
  return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both);
}
static inline ssize_t linux_send(int descriptor, const void *bytes, size_t count) {
  return send(descriptor, bytes, count, MSG_NOSIGNAL);
}
static inline ssize_t linux_receive(int descriptor, void *bytes, size_t count) {
  return recv(descriptor, bytes, count, 0);
}
static inline int linux_finish_sending(int descriptor) { return shutdown(descriptor, SHUT_WR); }
static inline int linux_set_flag(int descriptor, int level, int option) {
  int one = 1;
  return setsockopt(descriptor, level, option, &one, sizeof one);
}
static inline int linux_set_no_delay(int descriptor) {
  return linux_set_flag(descriptor, IPPROTO_TCP, TCP_NODELAY);
}
static inline int linux_set_reuse_address(int descriptor) {
  return linux_set_flag(descriptor, SOL_SOCKET, SO_REUSEADDR);
}
static inline int linux_set_only_ipv6(int descriptor) {
  return linux_set_flag(descriptor, IPPROTO_IPV6, IPV6_V6ONLY);
}
static inline int linux_set_send_buffer(int descriptor, int bytes) {
  return setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}
static inline int linux_socket_error(int descriptor) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) < 0 ? errno : error;
}

// socket addresses

struct linux_address {
  struct sockaddr_storage storage;
  socklen_t length;
};
static inline struct linux_address linux_address_empty(void) {
  struct linux_address address;
  address.storage.ss_family = AF_UNSPEC;
  address.length = sizeof address.storage;
  return address;
}
static inline struct linux_address linux_address_ipv4(uint32_t host, uint16_t port) {
  struct linux_address address;
  memset(&address, 0, sizeof address);
  struct sockaddr_in *in = (struct sockaddr_in *)&address.storage;
  in->sin_family = AF_INET;
  in->sin_port = htons(port);
  in->sin_addr.s_addr = htonl(host);
  address.length = sizeof *in;
  return address;
}
static inline struct linux_address linux_address_ipv6(
    uint64_t high, uint64_t low, uint16_t port, uint32_t scope) {
  struct linux_address address;
  memset(&address, 0, sizeof address);
  struct sockaddr_in6 *in = (struct sockaddr_in6 *)&address.storage;
  in->sin6_family = AF_INET6;
  in->sin6_port = htons(port);
  in->sin6_scope_id = scope;
  for (int i = 0; i < 8; i++) {
    in->sin6_addr.s6_addr[i] = (uint8_t)(high >> (56 - 8 * i));
    in->sin6_addr.s6_addr[8 + i] = (uint8_t)(low >> (56 - 8 * i));
  }
  address.length = sizeof *in;
  return address;
}
// The longest path that fits; the kernel wants a closing zero byte.
static const size_t linux_unix_path_limit = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;
static inline struct linux_address linux_address_unix(const char *path, size_t count) {
  struct linux_address address;
  memset(&address, 0, sizeof address);
  struct sockaddr_un *un = (struct sockaddr_un *)&address.storage;
  un->sun_family = AF_UNIX;
  memcpy(un->sun_path, path, count);
  address.length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + count + 1);
  return address;
}
static inline struct linux_address linux_address_copy(const struct sockaddr *from, socklen_t length) {
  struct linux_address address;
  memset(&address, 0, sizeof address);
  address.length = length < sizeof address.storage ? length : sizeof address.storage;
  memcpy(&address.storage, from, address.length);
  return address;
}
static inline int linux_address_family(const struct linux_address *address) {
  return address->length < sizeof(sa_family_t) ? AF_UNSPEC : address->storage.ss_family;
}
static inline uint32_t linux_address_ipv4_host(const struct linux_address *address) {
  return ntohl(((const struct sockaddr_in *)&address->storage)->sin_addr.s_addr);
}
static inline uint16_t linux_address_port(const struct linux_address *address) {
  return ntohs(((const struct sockaddr_in *)&address->storage)->sin_port);
}
static inline uint64_t linux_address_ipv6_half(const struct linux_address *address, int low) {
  const uint8_t *bytes = ((const struct sockaddr_in6 *)&address->storage)->sin6_addr.s6_addr;
  uint64_t half = 0;
  for (int i = 0; i < 8; i++) half = half << 8 | bytes[(low ? 8 : 0) + i];
  return half;
}
static inline uint32_t linux_address_scope(const struct linux_address *address) {
  return ((const struct sockaddr_in6 *)&address->storage)->sin6_scope_id;
}
static inline const char *linux_address_path(const struct linux_address *address) {
  return address->length <= offsetof(struct sockaddr_un, sun_path)
      ? "" : ((const struct sockaddr_un *)&address->storage)->sun_path;
}
static inline int linux_bind(int descriptor, const struct linux_address *address) {
  return bind(descriptor, (const struct sockaddr *)&address->storage, address->length);
}
static inline int linux_connect(int descriptor, const struct linux_address *address) {
  return connect(descriptor, (const struct sockaddr *)&address->storage, address->length);
}
int linux_accept(int descriptor, struct linux_address *peer);
static inline int linux_local_address(int descriptor, struct linux_address *address) {
  address->length = sizeof address->storage;
  return getsockname(descriptor, (struct sockaddr *)&address->storage, &address->length);
}

// process

const char *linux_error_text(int code);
static inline int64_t linux_clock_nanoseconds(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}
static inline int64_t linux_monotonic_nanoseconds(void) {
  return linux_clock_nanoseconds(CLOCK_MONOTONIC);
}
static inline int64_t linux_wall_nanoseconds(void) { return linux_clock_nanoseconds(CLOCK_REALTIME); }
static inline int64_t linux_thread_nanoseconds(void) {
  return linux_clock_nanoseconds(CLOCK_THREAD_CPUTIME_ID);
}
static inline void linux_ignore_broken_pipes(void) { signal(SIGPIPE, SIG_IGN); }
static inline int linux_block_signals(const sigset_t *set) {
  return pthread_sigmask(SIG_BLOCK, set, NULL);
}
static inline int linux_unblock_signals(const sigset_t *set) {
  return pthread_sigmask(SIG_UNBLOCK, set, NULL);
}
static inline int linux_signalfd(const sigset_t *set) {
  return signalfd(-1, set, SFD_NONBLOCK | SFD_CLOEXEC);
}
// Raises the soft limit of open files to the hard one; the limit that now holds.
static inline uint64_t linux_raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return 0;
  if (limit.rlim_cur < limit.rlim_max) {
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0) limit.rlim_cur = before;
  }
  return limit.rlim_cur;
}
// One heap for all threads; freed memory goes back to the system once a few MiB have gathered.
static inline void linux_keep_heap_small(void) {
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  mallopt(M_TRIM_THRESHOLD, 4 << 20);
}
static inline void *linux_reserve(size_t bytes) {
  void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return start == MAP_FAILED ? NULL : start;
}
static inline int linux_open_spare(void) { return open("/dev/null", O_RDONLY | O_CLOEXEC); }
void linux_name_thread(const char *name);
static inline int linux_peer_address(int descriptor, struct linux_address *address) {
  address->length = sizeof address->storage;
  return getpeername(descriptor, (struct sockaddr *)&address->storage, &address->length);
}
#endif
