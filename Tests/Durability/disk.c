// A disk that forgets, is full, breaks or lies: loaded with LD_PRELOAD in front of the system's
// calls, for files below DISK_FOLDER.
//
// It forgets: before each write the bytes that go are noted in DISK_NOTES, one file of notes for
// each file, and a successful fsync or fdatasync empties them. What is noted when the process is
// killed is what a power cut may take back; rounds.py takes back all of it, or any part.
//
// It fails as the first byte of the file DISK_CONTROL says, which may change at any time:
//   'f' no space left, 'e' input/output error when syncing, 'r' read-only, 'l' syncs that lie,
//   's' syncs that take 50 ms, anything else: none of it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DESCRIPTORS 65536

struct note {
  uint64_t offset;
  uint64_t size_before;
  uint32_t bytes_before;
  uint32_t bytes_after;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *folder;
static const char *notes_folder;
static const volatile char *control = "-";
// The descriptor of the notes for each descriptor of a watched file, plus one.
static int notes[DESCRIPTORS];

static int (*real_open)(const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_unlink)(const char *);
static int (*real_fallocate)(int, off_t, off_t);

__attribute__((constructor)) static void start(void) {
  real_open = dlsym(RTLD_NEXT, "open64");
  real_close = dlsym(RTLD_NEXT, "close");
  real_write = dlsym(RTLD_NEXT, "write");
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_unlink = dlsym(RTLD_NEXT, "unlink");
  real_fallocate = dlsym(RTLD_NEXT, "posix_fallocate64");
  folder = getenv("DISK_FOLDER");
  notes_folder = getenv("DISK_NOTES");
  const char *path = getenv("DISK_CONTROL");
  if (path) {
    int descriptor = real_open(path, O_RDONLY);
    void *page = mmap(NULL, 1, PROT_READ, MAP_SHARED, descriptor, 0);
    if (page != MAP_FAILED) control = page;
    real_close(descriptor);
  }
}

static int is_watched(const char *path) {
  return folder && strncmp(path, folder, strlen(folder)) == 0;
}

static int notes_of(int descriptor) {
  return descriptor >= 0 && descriptor < DESCRIPTORS ? notes[descriptor] - 1 : -1;
}

static void notes_path(char *buffer, size_t size, const char *path) {
  const char *name = strrchr(path, '/');
  snprintf(buffer, size, "%s/%s", notes_folder, name ? name + 1 : path);
}

static int open_any(const char *path, int flags, mode_t mode) {
  int watched = is_watched(path) && !(flags & O_DIRECTORY);
  if (watched && *control == 'r' && (flags & O_ACCMODE) != O_RDONLY) {
    errno = EROFS;
    return -1;
  }
  if (watched && *control == 'f' && (flags & O_CREAT) && access(path, F_OK) != 0) {
    errno = ENOSPC;
    return -1;
  }
  int descriptor = real_open(path, flags, mode);
  if (descriptor >= 0 && descriptor < DESCRIPTORS) {
    notes[descriptor] = 0;
    struct stat facts;
    if (watched && notes_folder && fstat(descriptor, &facts) == 0 && S_ISREG(facts.st_mode)) {
      char name[4096];
      notes_path(name, sizeof name, path);
      notes[descriptor] = real_open(name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600) + 1;
    } else if (watched && fstat(descriptor, &facts) == 0 && S_ISREG(facts.st_mode)) {
      notes[descriptor] = -1;
    }
  }
  return descriptor;
}

int open(const char *path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = va_arg(arguments, mode_t);
  va_end(arguments);
  return open_any(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = va_arg(arguments, mode_t);
  va_end(arguments);
  return open_any(path, flags, mode);
}

int close(int descriptor) {
  int number = notes_of(descriptor);
  if (descriptor >= 0 && descriptor < DESCRIPTORS) notes[descriptor] = 0;
  if (number >= 0) real_close(number);
  return real_close(descriptor);
}

static int is_a_file(int descriptor) {
  return descriptor >= 0 && descriptor < DESCRIPTORS && notes[descriptor] != 0;
}

// Notes what a write is going to replace, and what it writes.
static void note(int descriptor, const void *bytes, size_t count, off_t offset) {
  int number = notes_of(descriptor);
  struct stat facts;
  if (number < 0 || fstat(descriptor, &facts) != 0) return;
  char *record = malloc(sizeof(struct note) + 2 * count);
  ssize_t before = pread(descriptor, record + sizeof(struct note), count, offset);
  if (before < 0) before = 0;
  struct note head = {offset, facts.st_size, before, count};
  memcpy(record, &head, sizeof head);
  memcpy(record + sizeof head + before, bytes, count);
  real_write(number, record, sizeof head + before + count);
  free(record);
}

static ssize_t write_at(int descriptor, const void *bytes, size_t count, off_t offset) {
  if (*control == 'f' || *control == 'r') {
    errno = *control == 'f' ? ENOSPC : EROFS;
    return -1;
  }
  pthread_mutex_lock(&lock);
  note(descriptor, bytes, count, offset);
  ssize_t result = real_pwrite(descriptor, bytes, count, offset);
  pthread_mutex_unlock(&lock);
  return result;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
  if (!is_a_file(descriptor)) return real_pwrite(descriptor, bytes, count, offset);
  return write_at(descriptor, bytes, count, offset);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
  return pwrite(descriptor, bytes, count, offset);
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
  if (!is_a_file(descriptor)) return real_write(descriptor, bytes, count);
  off_t offset = lseek(descriptor, 0, SEEK_CUR);
  ssize_t result = write_at(descriptor, bytes, count, offset);
  if (result > 0) lseek(descriptor, offset + result, SEEK_SET);
  return result;
}

int ftruncate(int descriptor, off_t size) {
  if (!is_a_file(descriptor)) return real_ftruncate(descriptor, size);
  struct stat facts;
  if (*control == 'r') {
    errno = EROFS;
    return -1;
  }
  pthread_mutex_lock(&lock);
  if (fstat(descriptor, &facts) == 0 && size < facts.st_size) {
    // What is cut off comes back as a write that is taken back.
    int number = notes_of(descriptor);
    if (number >= 0) {
      uint32_t count = facts.st_size - size;
      char *record = malloc(sizeof(struct note) + count);
      struct note head = {size, facts.st_size, count, 0};
      memcpy(record, &head, sizeof head);
      pread(descriptor, record + sizeof head, count, size);
      real_write(number, record, sizeof head + count);
      free(record);
    }
  }
  int result = real_ftruncate(descriptor, size);
  pthread_mutex_unlock(&lock);
  return result;
}

int ftruncate64(int descriptor, off64_t size) { return ftruncate(descriptor, size); }

int posix_fallocate(int descriptor, off_t offset, off_t count) {
  if (is_a_file(descriptor) && *control == 'f') return ENOSPC;
  return real_fallocate(descriptor, offset, count);
}

int posix_fallocate64(int descriptor, off64_t offset, off64_t count) {
  return posix_fallocate(descriptor, offset, count);
}

static int sync_any(int descriptor, int (*real)(int)) {
  if (!is_a_file(descriptor)) return real(descriptor);
  if (*control == 'e') {
    errno = EIO;
    return -1;
  }
  if (*control == 'l') return 0;
  int number = notes_of(descriptor);
  // A disk takes its time, and a kill in that time is what this is about.
  usleep(*control == 's' ? 50000 : number >= 0 ? 2000 : 0);
  pthread_mutex_lock(&lock);
  if (number >= 0) real_ftruncate(number, 0);
  pthread_mutex_unlock(&lock);
  return number >= 0 ? 0 : real(descriptor);
}

int fsync(int descriptor) { return sync_any(descriptor, real_fsync); }
int fdatasync(int descriptor) { return sync_any(descriptor, real_fdatasync); }

int unlink(const char *path) {
  int result = real_unlink(path);
  if (result == 0 && notes_folder && is_watched(path)) {
    char name[4096];
    notes_path(name, sizeof name, path);
    real_unlink(name);
  }
  return result;
}
