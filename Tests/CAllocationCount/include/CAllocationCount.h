// Counts heap allocations of the calling thread: malloc and its kin are interposed in the test binary.
#ifndef CALLOCATIONCOUNT_H
#define CALLOCATIONCOUNT_H
unsigned long mq_allocations(void);
#endif
