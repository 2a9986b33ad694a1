#define _GNU_SOURCE
#include "SpawnActions.h"

#include <spawn.h>

int spawn_actions_close_from(void *actions, int first) {
  return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

int spawn_actions_change_folder(void *actions, const char *path) {
  return posix_spawn_file_actions_addchdir_np(actions, path);
}
