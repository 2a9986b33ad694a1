// zlib (RFC 1950-1952), for captures in gzip and WebSocket messages that are compressed: its macros
// as inline functions, so that Swift can call them. No logic lives here.
#ifndef CZLIB_SHIM_H
#define CZLIB_SHIM_H
#include <zlib.h>

static inline int CZlib_start_inflate(z_stream *stream, int window_bits) {
  return inflateInit2(stream, window_bits);
}
#endif
