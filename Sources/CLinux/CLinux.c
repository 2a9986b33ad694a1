// The calls that glibc declares for _GNU_SOURCE only.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CLinux.h"

int linux_accept(int descriptor, struct linux_address *peer) {
  peer->length = sizeof peer->storage;
  return accept4(descriptor, (struct sockaddr *)&peer->storage, &peer->length,
                 SOCK_NONBLOCK | SOCK_CLOEXEC);
}

const char *linux_error_text(int code) {
  const char *text = strerrordesc_np(code);
  return text ? text : "unknown error";
}

void linux_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
