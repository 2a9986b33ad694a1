// A file system for SQLite that lives in memory, for a test alone: its power can be cut, so that
// what was not synced is lost in whole or in part, and its calls can fail.
#ifndef MEMORY_FILES_H
#define MEMORY_FILES_H
#include <stdint.h>

struct memory_files;

// Makes an empty file system and tells SQLite of it, under that name.
struct memory_files *memory_files_make(const char *name);
// Nothing may be open any more.
void memory_files_remove(struct memory_files *files);

// After so many writes, syncs and truncations from now on the power is cut: nothing works any more.
// Zero is never.
void memory_files_cut_power_after(struct memory_files *files, int64_t calls);
// What a restart finds: what was synced, and of the rest each sector of 512 bytes with a chance
// that depends on `seed`; none of it when `seed` is zero. All must be closed.
void memory_files_restart(struct memory_files *files, uint64_t seed);
// After so many calls the next `count` ones fail with a number of the kernel.
void memory_files_fail_after(struct memory_files *files, int64_t calls, int64_t count, int code);
// Writes, syncs and truncations so far.
int64_t memory_files_calls(struct memory_files *files);
#endif
