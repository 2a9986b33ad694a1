// The calls behind CLinux.h.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <linux/sockios.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(struct linux_event) == sizeof(struct epoll_event), "event size");
_Static_assert(
    offsetof(struct linux_event, word) == offsetof(struct epoll_event, data), "event layout");
_Static_assert(
    sizeof(((struct linux_address *)0)->storage) >= sizeof(struct sockaddr_storage),
    "address size");

// epoll

const uint32_t linux_readable = EPOLLIN;
const uint32_t linux_writable = EPOLLOUT;
const uint32_t linux_peer_finished = EPOLLRDHUP;
const uint32_t linux_failed = EPOLLERR | EPOLLHUP;
const uint32_t linux_edge_triggered = EPOLLET;

int linux_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static int control(int epoll, int operation, int descriptor, uint32_t mask, uint64_t word) {
  struct epoll_event event = {.events = mask, .data = {.u64 = word}};
  return epoll_ctl(epoll, operation, descriptor, &event);
}

int linux_epoll_add(int epoll, int descriptor, uint32_t mask, uint64_t word) {
  return control(epoll, EPOLL_CTL_ADD, descriptor, mask, word);
}

int linux_epoll_change(int epoll, int descriptor, uint32_t mask, uint64_t word) {
  return control(epoll, EPOLL_CTL_MOD, descriptor, mask, word);
}

int linux_epoll_remove(int epoll, int descriptor) {
  return control(epoll, EPOLL_CTL_DEL, descriptor, 0, 0);
}

// The calls that are made for every message go to the kernel directly: in a process with threads
// the C library puts two atomic operations around each of them, to be ready for pthread_cancel,
// which nobody calls here.

int linux_epoll_wait(int epoll, struct linux_event *events, int limit, int timeout_milliseconds) {
  return (int)syscall(SYS_epoll_pwait, epoll, events, limit, timeout_milliseconds, NULL, 0);
}

int linux_epoll_wait_precisely(int epoll, struct linux_event *events, int limit,
                               int64_t timeout_nanoseconds) {
  struct timespec timeout = {timeout_nanoseconds / 1000000000, timeout_nanoseconds % 1000000000};
  return epoll_pwait2(epoll, (struct epoll_event *)events, limit, &timeout, NULL);
}

void linux_sharpen_timers(void) { prctl(PR_SET_TIMERSLACK, 1); }

int linux_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

// sockets

int linux_stream_socket(int family) {
  return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

ptrdiff_t linux_send(int descriptor, const void *bytes, size_t count) {
  return syscall(SYS_sendto, descriptor, bytes, count, MSG_NOSIGNAL, NULL, 0);
}

ptrdiff_t linux_receive(int descriptor, void *bytes, size_t count) {
  return syscall(SYS_recvfrom, descriptor, bytes, count, 0, NULL, NULL);
}

int linux_close(int descriptor) { return (int)syscall(SYS_close, descriptor); }

int linux_peer_has_all(int descriptor) {
  int domain = AF_UNIX;
  socklen_t length = sizeof domain;
  getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &length);
  int count = 0;
  return domain == AF_UNIX || ioctl(descriptor, SIOCOUTQ, &count) < 0 || count == 0;
}

int linux_finish_sending(int descriptor) { return shutdown(descriptor, SHUT_WR); }

static int set_flag(int descriptor, int level, int option) {
  int one = 1;
  return setsockopt(descriptor, level, option, &one, sizeof one);
}

int linux_await_first_bytes(int descriptor, int seconds) {
  return setsockopt(descriptor, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds);
}

int linux_set_no_delay(int descriptor) {
  return set_flag(descriptor, IPPROTO_TCP, TCP_NODELAY);
}

int linux_set_reuse_address(int descriptor) {
  return set_flag(descriptor, SOL_SOCKET, SO_REUSEADDR);
}

int linux_set_only_ipv6(int descriptor) {
  return set_flag(descriptor, IPPROTO_IPV6, IPV6_V6ONLY);
}

int linux_socket_error(int descriptor) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) < 0 ? errno : error;
}

int linux_is_connect_over(int descriptor) {
  struct pollfd wish = {.fd = descriptor, .events = POLLOUT};
  return poll(&wish, 1, 0) > 0;
}

// socket addresses

const size_t linux_unix_path_limit = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;

static struct sockaddr *system_form(const struct linux_address *address) {
  return (struct sockaddr *)address->storage;
}

struct linux_address linux_address_empty(void) {
  struct linux_address address = {.length = 0};
  return address;
}

struct linux_address linux_address_ipv4(uint32_t host, uint16_t port) {
  struct linux_address address = {.length = sizeof(struct sockaddr_in)};
  struct sockaddr_in *in = (struct sockaddr_in *)address.storage;
  in->sin_family = AF_INET;
  in->sin_port = htons(port);
  in->sin_addr.s_addr = htonl(host);
  return address;
}

struct linux_address linux_address_ipv6(
    uint64_t high, uint64_t low, uint16_t port, uint32_t scope) {
  struct linux_address address = {.length = sizeof(struct sockaddr_in6)};
  struct sockaddr_in6 *in = (struct sockaddr_in6 *)address.storage;
  in->sin6_family = AF_INET6;
  in->sin6_port = htons(port);
  in->sin6_scope_id = scope;
  for (int i = 0; i < 8; i++) {
    in->sin6_addr.s6_addr[i] = (uint8_t)(high >> (56 - 8 * i));
    in->sin6_addr.s6_addr[8 + i] = (uint8_t)(low >> (56 - 8 * i));
  }
  return address;
}

struct linux_address linux_address_unix(const char *path, size_t count) {
  struct linux_address address = {.length = offsetof(struct sockaddr_un, sun_path) + count + 1};
  struct sockaddr_un *un = (struct sockaddr_un *)address.storage;
  un->sun_family = AF_UNIX;
  memcpy(un->sun_path, path, count);
  return address;
}

struct linux_address linux_address_copy(const void *from, uint32_t length) {
  struct linux_address address = {.length = length};
  if (address.length > sizeof address.storage) address.length = sizeof address.storage;
  memcpy(address.storage, from, address.length);
  return address;
}

int linux_address_family(const struct linux_address *address) {
  return address->length < sizeof(sa_family_t) ? AF_UNSPEC : system_form(address)->sa_family;
}

uint32_t linux_address_ipv4_host(const struct linux_address *address) {
  return ntohl(((const struct sockaddr_in *)address->storage)->sin_addr.s_addr);
}

uint16_t linux_address_port(const struct linux_address *address) {
  return ntohs(((const struct sockaddr_in *)address->storage)->sin_port);
}

uint64_t linux_address_ipv6_half(const struct linux_address *address, int low) {
  const uint8_t *bytes = ((const struct sockaddr_in6 *)address->storage)->sin6_addr.s6_addr;
  uint64_t half = 0;
  for (int i = 0; i < 8; i++) half = half << 8 | bytes[(low ? 8 : 0) + i];
  return half;
}

uint32_t linux_address_scope(const struct linux_address *address) {
  return ((const struct sockaddr_in6 *)address->storage)->sin6_scope_id;
}

const char *linux_address_path(const struct linux_address *address) {
  return address->length <= offsetof(struct sockaddr_un, sun_path)
             ? ""
             : ((const struct sockaddr_un *)address->storage)->sun_path;
}

int linux_bind(int descriptor, const struct linux_address *address) {
  return bind(descriptor, system_form(address), address->length);
}

int linux_connect(int descriptor, const struct linux_address *address) {
  return connect(descriptor, system_form(address), address->length);
}

int linux_accept(int descriptor, struct linux_address *peer) {
  peer->length = sizeof peer->storage;
  return (int)syscall(
      SYS_accept4, descriptor, system_form(peer), &peer->length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int linux_local_address(int descriptor, struct linux_address *address) {
  address->length = sizeof address->storage;
  return getsockname(descriptor, system_form(address), &address->length);
}

int linux_peer_address(int descriptor, struct linux_address *address) {
  address->length = sizeof address->storage;
  return getpeername(descriptor, system_form(address), &address->length);
}

int linux_send_to_path(const char *path, const char *text) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(path);
  if (length == 0 || length > linux_unix_path_limit) return errno = ENAMETOOLONG, -1;
  memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = 0;
  int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  ssize_t sent = sendto(
      descriptor, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&address,
      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
  close(descriptor);
  return sent < 0 ? -1 : 0;
}

// process

const char *linux_error_text(int code) {
  const char *text = strerrordesc_np(code);
  return text ? text : "unknown error";
}

static int64_t nanoseconds(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t linux_monotonic_nanoseconds(void) { return nanoseconds(CLOCK_MONOTONIC); }
int64_t linux_wall_nanoseconds(void) { return nanoseconds(CLOCK_REALTIME); }
int64_t linux_thread_nanoseconds(void) { return nanoseconds(CLOCK_THREAD_CPUTIME_ID); }

void linux_ignore_broken_pipes(void) { signal(SIGPIPE, SIG_IGN); }

static sigset_t signal_set(const int *numbers, size_t count) {
  sigset_t set;
  sigemptyset(&set);
  for (size_t i = 0; i < count; i++) sigaddset(&set, numbers[i]);
  return set;
}

int linux_collect_signals(const int *numbers, size_t count) {
  sigset_t set = signal_set(numbers, count);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

void linux_release_signals(const int *numbers, size_t count) {
  sigset_t set = signal_set(numbers, count);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

int linux_next_signal(int descriptor) {
  struct signalfd_siginfo information;
  ssize_t count;
  do count = read(descriptor, &information, sizeof information);
  while (count < 0 && errno == EINTR);
  return count == sizeof information ? (int)information.ssi_signo : -1;
}

int linux_is_ignored(int number) {
  struct sigaction action;
  return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

int linux_rotation_signal(void) { return SIGRTMIN; }

int linux_fork(void) { return fork(); }

int linux_become(uint32_t user, uint32_t group, const uint32_t *groups, size_t count) {
  _Static_assert(sizeof(gid_t) == sizeof(uint32_t), "group number size");
  if (setgroups(count, (const gid_t *)groups) < 0 || setgid(group) < 0) return -1;
  return setuid(user);
}

void linux_open_system_log(const char *name, int facility) {
  static const int local[] = {LOG_LOCAL0, LOG_LOCAL1, LOG_LOCAL2, LOG_LOCAL3,
                              LOG_LOCAL4, LOG_LOCAL5, LOG_LOCAL6, LOG_LOCAL7};
  openlog(name, LOG_PID, facility >= 0 && facility < 8 ? local[facility] : LOG_DAEMON);
}

void linux_write_system_log(int priority, const char *line) { syslog(priority, "%s", line); }

uint64_t linux_raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return 0;
  if (limit.rlim_cur < limit.rlim_max) {
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0) limit.rlim_cur = before;
  }
  return limit.rlim_cur;
}

void linux_keep_heap_small(void) {
  mallopt(M_ARENA_MAX, 1);
  // Outboxes of a tick, up to 1 MiB, stay in the heap; the tables of many clients, which grow by
  // being copied, are above and leave no holes there.
  mallopt(M_MMAP_THRESHOLD, (1 << 20) + (64 << 10));
  mallopt(M_TRIM_THRESHOLD, 4 << 20);
}

int linux_usable_cores(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) < 0 ? 1 : CPU_COUNT(&set);
}

void *linux_reserve(size_t bytes) {
  void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return start == MAP_FAILED ? NULL : start;
}

int linux_open_spare(void) { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

int linux_open_private(const char *path, int flags) {
  int descriptor = open(path, flags | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  // A link that leads nowhere is there too: what it points to is made below.
  if (descriptor < 0)
    return errno == EEXIST ? open(path, flags | O_CREAT | O_CLOEXEC, 0600) : -1;
  fchmod(descriptor, 0600);
  return descriptor;
}

int linux_make_private_directory(const char *path) {
  if (mkdir(path, 0700) == 0) return chmod(path, 0700);
  return errno == EEXIST ? 0 : -1;
}

int linux_lock_file(int descriptor) {
  struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  return fcntl(descriptor, F_OFD_SETLK, &range);
}

int linux_lock_byte(int descriptor, int64_t offset) {
  struct flock range = {
      .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
  return fcntl(descriptor, F_OFD_SETLK, &range);
}

int linux_watch_create(void) { return inotify_init1(IN_NONBLOCK | IN_CLOEXEC); }

int linux_watch_writes(int watch, const char *path) {
  return inotify_add_watch(watch, path, IN_MODIFY);
}

int linux_watch_folder(int watch, const char *path) {
  return inotify_add_watch(watch, path, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
}

void linux_watch_drain(int watch) {
  char events[4096];
  while (read(watch, events, sizeof events) > 0) {
  }
}

int linux_wait_semaphore(void *semaphore, int64_t nanoseconds) {
  struct timespec end = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
  return sem_clockwait(semaphore, CLOCK_MONOTONIC, &end);
}

void linux_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
