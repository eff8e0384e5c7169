// Bodies of CLinux.h: one system call each, compiled with _GNU_SOURCE, which Swift cannot define.

#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef FALLOC_FL_KEEP_SIZE
#define FALLOC_FL_KEEP_SIZE 0x01
#endif
#ifndef FALLOC_FL_ZERO_RANGE
#define FALLOC_FL_ZERO_RANGE 0x10
#endif

int clinux_accept(int listener) {
  return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int clinux_allocate(int fd, int64_t offset, int64_t bytes) {
  return fallocate(fd, FALLOC_FL_KEEP_SIZE, offset, bytes);
}

int clinux_zero_range(int fd, int64_t offset, int64_t bytes) {
  return fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_ZERO_RANGE, offset, bytes);
}

int clinux_begin_write_back(int fd, int64_t offset, int64_t bytes) {
  return sync_file_range(fd, offset, bytes, SYNC_FILE_RANGE_WRITE);
}

ssize_t clinux_read_cached(int fd, void *target, size_t bytes, int64_t offset) {
  struct iovec part = {.iov_base = target, .iov_len = bytes};
  return preadv2(fd, &part, 1, offset, RWF_NOWAIT);
}

int clinux_try_lock(int fd) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0};
  return fcntl(fd, F_OFD_SETLK, &whole);
}

int clinux_is_locked(int fd) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0};
  if (fcntl(fd, F_OFD_GETLK, &whole) == -1) return -1;
  return whole.l_type != F_UNLCK;
}

int64_t clinux_next_data(int fd, int64_t offset) { return lseek(fd, offset, SEEK_DATA); }

int clinux_populate(void *base, size_t bytes, int writable) {
  if (madvise(base, bytes, writable ? MADV_POPULATE_WRITE : MADV_POPULATE_READ) == 0) return 0;
  if (errno != EINVAL) return -1;
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  for (size_t at = 0; at < bytes; at += page) {
    unsigned char *byte = (unsigned char *)base + at;
    // An atomic "or 0" makes the page ours without losing what another thread writes at the same time.
    if (writable) {
      __atomic_fetch_or(byte, 0, __ATOMIC_RELAXED);
    } else {
      (void)*(volatile unsigned char *)byte;
    }
  }
  return 0;
}

ssize_t clinux_random(void *target, size_t bytes) { return getrandom(target, bytes, 0); }

int clinux_set_thread_name(const char *name) { return pthread_setname_np(pthread_self(), name); }

const char *clinux_error_name(int number) { return strerrorname_np(number); }

const char *clinux_error_text(int number) { return strerrordesc_np(number); }

const char *clinux_entry_name(const struct dirent *entry) { return entry->d_name; }

static void end_at_once(int number) {
  (void)number;
  _exit(0);
}

int clinux_end_after(int milliseconds) {
  struct itimerval timer = {.it_value = {milliseconds / 1000, milliseconds % 1000 * 1000}};
  if (signal(SIGALRM, end_at_once) == SIG_ERR) return -1;
  return setitimer(ITIMER_REAL, &timer, NULL);
}

void clinux_raise_default(int number) {
  sigset_t only;
  signal(number, SIG_DFL);
  sigemptyset(&only);
  sigaddset(&only, number);
  pthread_sigmask(SIG_UNBLOCK, &only, NULL);
  raise(number);
}

void clinux_allocate_sparingly(void) {
  mallopt(M_ARENA_MAX, 1);
  // Set, and so kept: by itself the allocator raises the threshold to the largest piece ever freed.
  mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  mallopt(M_TRIM_THRESHOLD, 128 * 1024);
}

static int drop_pages(struct dl_phdr_info *object, size_t bytes, void *unused) {
  (void)bytes;
  (void)unused;
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &object->dlpi_phdr[i];
    // What can be written, or could be while it was relocated, is in no file.
    if (part->p_type != PT_LOAD || part->p_flags & PF_W) continue;
    uintptr_t start = (object->dlpi_addr + part->p_vaddr + page - 1) / page * page;
    uintptr_t end = (object->dlpi_addr + part->p_vaddr + part->p_memsz) / page * page;
    if (start < end) madvise((void *)start, end - start, MADV_DONTNEED);
  }
  return 0;
}

void clinux_drop_code(void) { dl_iterate_phdr(drop_pages, NULL); }

void clinux_trim_heap(void) { malloc_trim(0); }
