// The C library finds these functions before its own, so every allocation of the test process passes here.
// The count is per thread. `free` needs no count and stays the library's.

#include "CAllocationCount.h"
#include <errno.h>
#include <stddef.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static __thread unsigned long count;

unsigned long mq_allocations(void) { return count; }
void *malloc(size_t n) { count++; return __libc_malloc(n); }
void *calloc(size_t a, size_t b) { count++; return __libc_calloc(a, b); }
void *realloc(void *p, size_t n) { count++; return __libc_realloc(p, n); }
int posix_memalign(void **out, size_t align, size_t n) {
  count++;
  *out = __libc_memalign(align, n);
  return *out ? 0 : ENOMEM;
}
