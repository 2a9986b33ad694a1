// Two actions of posix_spawn that glibc declares for _GNU_SOURCE alone, and Swift therefore does not
// see. `actions` is a posix_spawn_file_actions_t; the answer is 0 or an error number.

#pragma once

// Every descriptor from `first` on is closed.
int spawn_actions_close_from(void *actions, int first);

// The program starts in this folder.
int spawn_actions_change_folder(void *actions, const char *path);
