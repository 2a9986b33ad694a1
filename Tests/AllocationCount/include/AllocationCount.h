// The number of heap allocations that a thread has made.

#ifndef ALLOCATION_COUNT_H
#define ALLOCATION_COUNT_H

/// Heap allocations of the calling thread since it started.
long allocation_count(void);

// Bytes in use on the heap.
long heap_bytes_in_use(void);

#endif
