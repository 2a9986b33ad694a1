// What Swift's Glibc overlay lacks or imports with awkward types: Linux calls as they are, with
// plain integers, and socket addresses taken apart and put together. No logic lives here.
//
// No header of the system is included but those of plain integers: whatever this module included
// would be declared twice, here and in Glibc, and Swift would ask for either at random.
#ifndef CLINUX_H
#define CLINUX_H
#include <stddef.h>
#include <stdint.h>

// epoll

extern const uint32_t linux_readable;
extern const uint32_t linux_writable;
extern const uint32_t linux_peer_finished;
extern const uint32_t linux_failed;
extern const uint32_t linux_edge_triggered;

// The kernel's epoll_event.
struct linux_event {
  uint32_t mask;
  uint64_t word;
}
#ifdef __x86_64__
__attribute__((packed))
#endif
;

int linux_epoll_create(void);
int linux_epoll_add(int epoll, int descriptor, uint32_t mask, uint64_t word);
int linux_epoll_change(int epoll, int descriptor, uint32_t mask, uint64_t word);
int linux_epoll_remove(int epoll, int descriptor);
int linux_epoll_wait(int epoll, struct linux_event *events, int limit, int timeout_milliseconds);
// The same with a timeout in nanoseconds, kept as exactly as the system can.
int linux_epoll_wait_precisely(int epoll, struct linux_event *events, int limit,
                               int64_t timeout_nanoseconds);
// Has the sleeps of the calling thread end when they are due and not up to 50 us later.
void linux_sharpen_timers(void);
int linux_eventfd(void);

// sockets

int linux_stream_socket(int family);
ptrdiff_t linux_send(int descriptor, const void *bytes, size_t count);
ptrdiff_t linux_receive(int descriptor, void *bytes, size_t count);
int linux_close(int descriptor);
int linux_finish_sending(int descriptor);
// Whether the machine of a TCP peer has all that was sent; of other peers it is not asked.
int linux_peer_has_all(int descriptor);
int linux_set_no_delay(int descriptor);
int linux_await_first_bytes(int descriptor, int seconds);
int linux_set_reuse_address(int descriptor);
int linux_set_only_ipv6(int descriptor);
int linux_socket_error(int descriptor);
// Whether a connect has been answered, either way.
int linux_is_connect_over(int descriptor);
// Sends one datagram to a Unix domain socket; a name that begins with @ is an abstract one.
int linux_send_to_path(const char *path, const char *text);

// socket addresses

// Any socket address, as large as the kernel's largest.
struct linux_address {
  uint64_t storage[16];
  uint32_t length;
};

// The longest path that fits; the kernel wants a closing zero byte.
extern const size_t linux_unix_path_limit;

struct linux_address linux_address_empty(void);
struct linux_address linux_address_ipv4(uint32_t host, uint16_t port);
struct linux_address linux_address_ipv6(
    uint64_t high, uint64_t low, uint16_t port, uint32_t scope);
struct linux_address linux_address_unix(const char *path, size_t count);
struct linux_address linux_address_copy(const void *from, uint32_t length);
int linux_address_family(const struct linux_address *address);
uint32_t linux_address_ipv4_host(const struct linux_address *address);
uint16_t linux_address_port(const struct linux_address *address);
uint64_t linux_address_ipv6_half(const struct linux_address *address, int low);
uint32_t linux_address_scope(const struct linux_address *address);
const char *linux_address_path(const struct linux_address *address);
int linux_bind(int descriptor, const struct linux_address *address);
int linux_connect(int descriptor, const struct linux_address *address);
int linux_accept(int descriptor, struct linux_address *peer);
int linux_local_address(int descriptor, struct linux_address *address);
int linux_peer_address(int descriptor, struct linux_address *address);

// process

const char *linux_error_text(int code);
int64_t linux_monotonic_nanoseconds(void);
int64_t linux_wall_nanoseconds(void);
int64_t linux_thread_nanoseconds(void);
void linux_ignore_broken_pipes(void);
// Blocks signals and makes a descriptor that is readable when one of them waits.
int linux_collect_signals(const int *numbers, size_t count);
void linux_release_signals(const int *numbers, size_t count);
// The number of a signal that waits, -1 when there is none.
int linux_next_signal(int descriptor);
// Whether a signal was ignored when the process started, and still is.
int linux_is_ignored(int number);
// The signal that mosquitto rotates its log on: SIGRTMIN.
int linux_rotation_signal(void);
// fork: only before any thread was started.
int linux_fork(void);
// Takes another account for good, with its groups; -1 and errno when that fails.
int linux_become(uint32_t user, uint32_t group, const uint32_t *groups, size_t count);
// Opens the system log for the facility daemon, or local0 to local7 for 0 to 7.
void linux_open_system_log(const char *name, int facility);
// Priority 3 is an error, 4 a warning, 5 a notice, 6 information, 7 debug.
void linux_write_system_log(int priority, const char *line);
// Raises the soft limit of open files to the hard one; the limit that now holds.
uint64_t linux_raise_descriptor_limit(void);
// One heap for all threads; freed memory goes back to the system once a few MiB have gathered.
void linux_keep_heap_small(void);
// Cores that this process may run on.
int linux_usable_cores(void);
// Addresses that cost nothing until they are touched; null when there are none.
void *linux_reserve(size_t bytes);
int linux_open_spare(void);
// Opens a file, or makes it for its owner alone, whatever the process's mask; `flags` as of open.
int linux_open_private(const char *path, int flags);
// Makes a directory for its owner alone, whatever the process's mask; zero if it is there.
int linux_make_private_directory(const char *path);
// Locks a whole file for as long as it is open; belongs to the open file, not to the process.
int linux_lock_file(int descriptor);
// The same for one byte, which need not be there.
int linux_lock_byte(int descriptor, int64_t offset);
// inotify: a descriptor that is readable when a watched file or folder has changed.
int linux_watch_create(void);
// Watches a file for being written; -1 and errno when it is not there.
int linux_watch_writes(int watch, const char *path);
// Watches a folder for files that are made or moved into it.
int linux_watch_folder(int watch, const char *path);
// Forgets what has been told so far.
void linux_watch_drain(int watch);
// Waits for a sem_t until an instant of the monotonic clock; 0, or -1 and errno.
int linux_wait_semaphore(void *semaphore, int64_t nanoseconds);
void linux_name_thread(const char *name);
#endif
