// The one instruction that Swift has no name for.
#ifndef CPROCESSOR_H
#define CPROCESSOR_H

// Has the cache line at an address fetched while the program goes on. A hint: any address will do.
static inline void processor_prefetch(const void *address) { __builtin_prefetch(address); }

#endif
