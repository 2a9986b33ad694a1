// Files as bytes in memory, twice: as they are, and as the disk would have them. Connections share
// the index of the write-ahead log as they would in one process. One lock guards everything.
#include "MemoryFiles.h"
#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 8, REGION_LIMIT = 64, SECTOR = 512 };

struct content {
  uint8_t *bytes;
  int64_t count, capacity;
};

struct memory_file {
  char name[512];
  int exists;
  int exists_on_disk;
  struct content now, disk;
  // Locks of the main file.
  int shared, exclusive;
  // The index of the log.
  void *regions[REGION_LIMIT];
  int region_count;
  int index_users;
  int index_shared[SQLITE_SHM_NLOCK];
  int index_exclusive[SQLITE_SHM_NLOCK];
};

struct memory_files {
  sqlite3_vfs vfs;
  char name[64];
  pthread_mutex_t lock;
  struct memory_file file[FILE_LIMIT];
  int64_t calls;
  int64_t cut_at;
  int64_t fail_from, fail_to;
  int fail_code;
  int is_cut;
  int last_error;
};

struct handle {
  sqlite3_file base;
  struct memory_files *files;
  struct memory_file *file;
  int level;
  int uses_index;
  int deletes;
  uint16_t index_shared, index_exclusive;
};

static void grow(struct content *content, int64_t count) {
  if (count > content->capacity) {
    content->capacity = count * 2 + 4096;
    content->bytes = realloc(content->bytes, (size_t)content->capacity);
  }
  if (count > content->count) {
    memset(content->bytes + content->count, 0, (size_t)(count - content->count));
    content->count = count;
  }
}

static void copy(struct content *to, const struct content *from) {
  to->count = 0;
  grow(to, from->count);
  if (from->count > 0) memcpy(to->bytes, from->bytes, (size_t)from->count);
}

#define ENTER(pointer)                                     \
  struct handle *handle = (struct handle *)(pointer);      \
  struct memory_files *files = handle->files;              \
  struct memory_file *file = handle->file;                 \
  (void)file;                                              \
  pthread_mutex_lock(&files->lock)

static int leave(struct memory_files *files, int code) {
  pthread_mutex_unlock(&files->lock);
  return code;
}

// Whether a call that changes something fails, and how; zero when it does not.
static int failure(struct memory_files *files, int code) {
  files->calls++;
  if (files->cut_at != 0 && files->calls > files->cut_at) files->is_cut = 1;
  if (files->is_cut) {
    files->last_error = EIO;
    return code;
  }
  if (files->calls > files->fail_from && files->calls <= files->fail_to) {
    files->last_error = files->fail_code;
    return files->fail_code == ENOSPC ? SQLITE_FULL : code;
  }
  return SQLITE_OK;
}

// files

static int file_close(sqlite3_file *pointer) {
  ENTER(pointer);
  if (handle->deletes) file->exists = file->exists_on_disk = 0;
  return leave(files, SQLITE_OK);
}

static int file_read(sqlite3_file *pointer, void *bytes, int count, sqlite3_int64 offset) {
  ENTER(pointer);
  if (files->is_cut) return leave(files, SQLITE_IOERR_READ);
  int64_t there = file->now.count - offset;
  if (there >= count) {
    memcpy(bytes, file->now.bytes + offset, (size_t)count);
    return leave(files, SQLITE_OK);
  }
  if (there < 0) there = 0;
  if (there > 0) memcpy(bytes, file->now.bytes + offset, (size_t)there);
  memset((uint8_t *)bytes + there, 0, (size_t)(count - there));
  return leave(files, SQLITE_IOERR_SHORT_READ);
}

static int file_write(sqlite3_file *pointer, const void *bytes, int count, sqlite3_int64 offset) {
  ENTER(pointer);
  int code = failure(files, SQLITE_IOERR_WRITE);
  if (code != SQLITE_OK) return leave(files, code);
  grow(&file->now, offset + count);
  memcpy(file->now.bytes + offset, bytes, (size_t)count);
  return leave(files, SQLITE_OK);
}

static int file_truncate(sqlite3_file *pointer, sqlite3_int64 count) {
  ENTER(pointer);
  int code = failure(files, SQLITE_IOERR_TRUNCATE);
  if (code != SQLITE_OK) return leave(files, code);
  if (count < file->now.count) file->now.count = count;
  return leave(files, SQLITE_OK);
}

static int file_sync(sqlite3_file *pointer, int flags) {
  (void)flags;
  ENTER(pointer);
  int code = failure(files, SQLITE_IOERR_FSYNC);
  if (code != SQLITE_OK) return leave(files, code);
  copy(&file->disk, &file->now);
  file->exists_on_disk = 1;
  return leave(files, SQLITE_OK);
}

static int file_size(sqlite3_file *pointer, sqlite3_int64 *count) {
  ENTER(pointer);
  *count = file->now.count;
  return leave(files, files->is_cut ? SQLITE_IOERR_FSTAT : SQLITE_OK);
}

static int file_lock(sqlite3_file *pointer, int level) {
  ENTER(pointer);
  if (level <= handle->level) return leave(files, SQLITE_OK);
  if (handle->level == SQLITE_LOCK_NONE) {
    if (file->exclusive) return leave(files, SQLITE_BUSY);
    file->shared++;
    handle->level = SQLITE_LOCK_SHARED;
  }
  if (level > SQLITE_LOCK_SHARED) {
    if (file->exclusive && handle->level <= SQLITE_LOCK_SHARED) return leave(files, SQLITE_BUSY);
    if (level == SQLITE_LOCK_EXCLUSIVE && file->shared > 1) return leave(files, SQLITE_BUSY);
    file->exclusive = 1;
    handle->level = level;
  }
  return leave(files, SQLITE_OK);
}

static int file_unlock(sqlite3_file *pointer, int level) {
  ENTER(pointer);
  if (handle->level > SQLITE_LOCK_SHARED && level <= SQLITE_LOCK_SHARED) file->exclusive = 0;
  if (handle->level >= SQLITE_LOCK_SHARED && level == SQLITE_LOCK_NONE) file->shared--;
  if (level < handle->level) handle->level = level;
  return leave(files, SQLITE_OK);
}

static int file_is_reserved(sqlite3_file *pointer, int *answer) {
  ENTER(pointer);
  *answer = file->exclusive;
  return leave(files, SQLITE_OK);
}

static int file_control(sqlite3_file *pointer, int operation, void *argument) {
  if (operation != SQLITE_FCNTL_LAST_ERRNO) return SQLITE_NOTFOUND;
  ENTER(pointer);
  *(int *)argument = files->last_error;
  return leave(files, SQLITE_OK);
}

static int file_sector_size(sqlite3_file *pointer) {
  (void)pointer;
  return SECTOR;
}

static int file_characteristics(sqlite3_file *pointer) {
  (void)pointer;
  return 0;
}

static int index_map(sqlite3_file *pointer, int region, int size, int extend, void volatile **at) {
  ENTER(pointer);
  handle->uses_index = handle->uses_index ? 1 : (file->index_users++, 1);
  if (region >= REGION_LIMIT) return leave(files, SQLITE_IOERR_SHMSIZE);
  while (extend && file->region_count <= region) {
    file->regions[file->region_count++] = calloc(1, (size_t)size);
  }
  *at = region < file->region_count ? file->regions[region] : 0;
  return leave(files, SQLITE_OK);
}

static int index_lock(sqlite3_file *pointer, int first, int count, int flags) {
  ENTER(pointer);
  uint16_t mask = (uint16_t)((1u << (first + count)) - (1u << first));
  int is_shared = (flags & SQLITE_SHM_SHARED) != 0;
  if (flags & SQLITE_SHM_UNLOCK) {
    for (int slot = first; slot < first + count; slot++) {
      if (handle->index_shared >> slot & 1) file->index_shared[slot]--;
      if (handle->index_exclusive >> slot & 1) file->index_exclusive[slot] = 0;
    }
    handle->index_shared &= (uint16_t)~mask;
    handle->index_exclusive &= (uint16_t)~mask;
    return leave(files, SQLITE_OK);
  }
  for (int slot = first; slot < first + count; slot++) {
    int mine = handle->index_shared >> slot & 1;
    if (file->index_exclusive[slot] && !(handle->index_exclusive >> slot & 1))
      return leave(files, SQLITE_BUSY);
    if (!is_shared && file->index_shared[slot] > mine) return leave(files, SQLITE_BUSY);
  }
  for (int slot = first; slot < first + count; slot++) {
    if (is_shared && !(handle->index_shared >> slot & 1)) file->index_shared[slot]++;
    if (!is_shared) file->index_exclusive[slot] = 1;
  }
  if (is_shared) handle->index_shared |= mask;
  else handle->index_exclusive |= mask;
  return leave(files, SQLITE_OK);
}

static void index_barrier(sqlite3_file *pointer) {
  ENTER(pointer);
  leave(files, SQLITE_OK);
}

static int index_unmap(sqlite3_file *pointer, int deletes) {
  (void)deletes;
  ENTER(pointer);
  if (handle->uses_index && --file->index_users == 0) {
    for (int region = 0; region < file->region_count; region++) free(file->regions[region]);
    file->region_count = 0;
  }
  handle->uses_index = 0;
  return leave(files, SQLITE_OK);
}

static const sqlite3_io_methods methods = {
    2,                file_close,   file_read,        file_write,   file_truncate,
    file_sync,        file_size,    file_lock,        file_unlock,  file_is_reserved,
    file_control,     file_sector_size, file_characteristics,
    index_map,        index_lock,   index_barrier,    index_unmap,  0, 0};

// the file system

static struct memory_file *find(struct memory_files *files, const char *name) {
  for (int index = 0; index < FILE_LIMIT; index++) {
    if (files->file[index].exists && strcmp(files->file[index].name, name) == 0)
      return &files->file[index];
  }
  return 0;
}

static int open_file(
    sqlite3_vfs *vfs, const char *name, sqlite3_file *pointer, int flags, int *out_flags) {
  struct memory_files *files = vfs->pAppData;
  struct handle *handle = (struct handle *)pointer;
  pthread_mutex_lock(&files->lock);
  memset(handle, 0, sizeof *handle);
  struct memory_file *file = name ? find(files, name) : 0;
  if (files->is_cut || (!file && !(flags & SQLITE_OPEN_CREATE)))
    return leave(files, SQLITE_CANTOPEN);
  for (int index = 0; !file && index < FILE_LIMIT; index++) {
    if (files->file[index].exists || files->file[index].index_users) continue;
    file = &files->file[index];
    strncpy(file->name, name ? name : "", sizeof file->name - 1);
    file->exists = 1;
    file->exists_on_disk = 0;
    file->now.count = file->disk.count = 0;
    file->shared = file->exclusive = 0;
  }
  if (!file) return leave(files, SQLITE_CANTOPEN);
  handle->base.pMethods = &methods;
  handle->files = files;
  handle->file = file;
  handle->deletes = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  if (out_flags) *out_flags = flags;
  return leave(files, SQLITE_OK);
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int syncs) {
  (void)syncs;
  struct memory_files *files = vfs->pAppData;
  pthread_mutex_lock(&files->lock);
  struct memory_file *file = find(files, name);
  if (files->is_cut) return leave(files, SQLITE_IOERR_DELETE);
  if (!file) return leave(files, SQLITE_IOERR_DELETE_NOENT);
  file->exists = file->exists_on_disk = 0;
  return leave(files, SQLITE_OK);
}

static int access_file(sqlite3_vfs *vfs, const char *name, int flags, int *answer) {
  (void)flags;
  struct memory_files *files = vfs->pAppData;
  pthread_mutex_lock(&files->lock);
  struct memory_file *file = find(files, name);
  *answer = file != 0 && (flags != SQLITE_ACCESS_EXISTS || file->now.count > 0);
  return leave(files, SQLITE_OK);
}

static int full_name(sqlite3_vfs *vfs, const char *name, int limit, char *out) {
  (void)vfs;
  strncpy(out, name, (size_t)limit - 1);
  out[limit - 1] = 0;
  return SQLITE_OK;
}

static int last_error(sqlite3_vfs *vfs, int count, char *text) {
  (void)count, (void)text;
  return ((struct memory_files *)vfs->pAppData)->last_error;
}

static int randomness(sqlite3_vfs *vfs, int count, char *out) {
  (void)vfs;
  for (int index = 0; index < count; index++) out[index] = (char)rand();
  return count;
}

static int sleep_never(sqlite3_vfs *vfs, int microseconds) {
  (void)vfs;
  return microseconds;
}

static int no_time(sqlite3_vfs *vfs, double *days) {
  (void)vfs;
  *days = 2460000.5;
  return SQLITE_OK;
}

struct memory_files *memory_files_make(const char *name) {
  struct memory_files *files = calloc(1, sizeof *files);
  pthread_mutex_init(&files->lock, 0);
  strncpy(files->name, name, sizeof files->name - 1);
  files->vfs = (sqlite3_vfs){
      .iVersion = 1, .szOsFile = sizeof(struct handle), .mxPathname = 500,
      .zName = files->name, .pAppData = files, .xOpen = open_file, .xDelete = delete_file,
      .xAccess = access_file, .xFullPathname = full_name, .xRandomness = randomness,
      .xSleep = sleep_never, .xCurrentTime = no_time, .xGetLastError = last_error};
  sqlite3_vfs_register(&files->vfs, 0);
  return files;
}

void memory_files_remove(struct memory_files *files) {
  sqlite3_vfs_unregister(&files->vfs);
  for (int index = 0; index < FILE_LIMIT; index++) {
    free(files->file[index].now.bytes);
    free(files->file[index].disk.bytes);
  }
  pthread_mutex_destroy(&files->lock);
  free(files);
}

void memory_files_cut_power_after(struct memory_files *files, int64_t calls) {
  pthread_mutex_lock(&files->lock);
  files->cut_at = calls == 0 ? 0 : files->calls + calls;
  leave(files, 0);
}

void memory_files_fail_after(struct memory_files *files, int64_t calls, int64_t count, int code) {
  pthread_mutex_lock(&files->lock);
  files->fail_from = files->calls + calls;
  files->fail_to = files->fail_from + count;
  files->fail_code = code;
  leave(files, 0);
}

int64_t memory_files_calls(struct memory_files *files) {
  pthread_mutex_lock(&files->lock);
  int64_t calls = files->calls;
  leave(files, 0);
  return calls;
}

static uint64_t step(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state * 0x2545F4914F6CDD1Du >> 33;
}

void memory_files_restart(struct memory_files *files, uint64_t seed) {
  pthread_mutex_lock(&files->lock);
  for (int index = 0; index < FILE_LIMIT; index++) {
    struct memory_file *file = &files->file[index];
    if (!file->exists) continue;
    if (seed != 0 && (file->exists_on_disk || step(&seed) % 2)) {
      uint64_t chance = step(&seed) % 8;
      int64_t count = step(&seed) % 2 ? file->now.count : file->disk.count;
      for (int64_t at = 0; at < count; at += SECTOR) {
        if (step(&seed) % 8 >= chance || at >= file->now.count) continue;
        int64_t end = at + SECTOR < file->now.count ? at + SECTOR : file->now.count;
        grow(&file->disk, end);
        memcpy(file->disk.bytes + at, file->now.bytes + at, (size_t)(end - at));
      }
      grow(&file->disk, count);
      file->disk.count = count;
      file->exists_on_disk = 1;
    }
    file->exists = file->exists_on_disk;
    copy(&file->now, &file->disk);
    file->shared = file->exclusive = 0;
  }
  files->is_cut = 0;
  files->cut_at = 0;
  files->fail_from = files->fail_to = 0;
  leave(files, 0);
}
