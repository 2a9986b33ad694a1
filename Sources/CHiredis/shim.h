// hiredis, the client library of Redis, behind calls with plain integers. No logic lives here.
#ifndef CHIREDIS_SHIM_H
#define CHIREDIS_SHIM_H
#include <hiredis/hiredis.h>

// Waits at most so long for the connection, and for every answer but those of a watching connection.
static inline redisContext *CHiredis_connect(const char *host, int port, int milliseconds) {
  struct timeval limit = {milliseconds / 1000, milliseconds % 1000 * 1000};
  redisContext *context = redisConnectWithTimeout(host, port, limit);
  if (context != (redisContext *)0 && context->err == 0) {
    redisSetTimeout(context, limit);
    // Who waits for an element hears that the machine of the server is gone.
    redisEnableKeepAlive(context);
  }
  return context;
}

static inline redisContext *CHiredis_connect_path(const char *path, int milliseconds) {
  struct timeval limit = {milliseconds / 1000, milliseconds % 1000 * 1000};
  redisContext *context = redisConnectUnixWithTimeout(path, limit);
  if (context != (redisContext *)0 && context->err == 0) redisSetTimeout(context, limit);
  return context;
}

static inline int CHiredis_failed(const redisContext *context) { return context->err; }
static inline const char *CHiredis_reason(const redisContext *context) { return context->errstr; }
static inline int CHiredis_descriptor(const redisContext *context) { return context->fd; }

// Sends what was appended; 0, or -1 when the connection is lost.
static inline int CHiredis_flush(redisContext *context) {
  int done = 0;
  while (!done)
    if (redisBufferWrite(context, &done) != REDIS_OK) return -1;
  return 0;
}
#endif
