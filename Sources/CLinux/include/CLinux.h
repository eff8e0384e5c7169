// What Swift's Glibc module cannot see: headers it leaves out, and functions behind _GNU_SOURCE.
// This header must not define _GNU_SOURCE: debug builds would then see two different fd_set.
// Every function returns as its system call does: -1 and errno on failure.
#ifndef CLINUX_H
#define CLINUX_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/types.h>

/// accept4 with SOCK_NONBLOCK | SOCK_CLOEXEC; the address is not asked for.
int clinux_accept(int listener);
/// fallocate KEEP_SIZE.
int clinux_allocate(int fd, int64_t offset, int64_t bytes);
/// sync_file_range WRITE: begins to write dirty pages back and does not wait for them.
int clinux_begin_write_back(int fd, int64_t offset, int64_t bytes);
/// fallocate KEEP_SIZE | ZERO_RANGE.
int clinux_zero_range(int fd, int64_t offset, int64_t bytes);
/// preadv2 RWF_NOWAIT: EAGAIN when a page is not in the page cache.
ssize_t clinux_read_cached(int fd, void *target, size_t bytes, int64_t offset);
/// Exclusive lock of the whole file, owned by the open file description (F_OFD_SETLK). It also excludes
/// the POSIX locks that Java takes. The descriptor must be open for writing.
int clinux_try_lock(int fd);
/// 1 when another open file or process holds a lock of the file (F_OFD_GETLK), 0 when none; changes nothing.
int clinux_is_locked(int fd);
/// Where the next bytes are that are no hole (SEEK_DATA); ENXIO when there are none.
int64_t clinux_next_data(int fd, int64_t offset);
/// MADV_POPULATE_WRITE or _READ; where the kernel is older than 5.14, touches each page and keeps its bytes.
int clinux_populate(void *base, size_t bytes, int writable);
/// Fills the target with random bytes from the kernel.
ssize_t clinux_random(void *target, size_t bytes);
/// Names the calling thread; at most 15 bytes.
int clinux_set_thread_name(const char *name);
/// "ENOENT" for 2; NULL when the number has no name.
const char *clinux_error_name(int number);
/// The error's text, in a static string that any thread may read; NULL when unknown.
const char *clinux_error_text(int number);
/// The name inside a directory entry; valid as long as the entry.
const char *clinux_entry_name(const struct dirent *entry);
/// Ends the process with code 0 after that time, whatever it is doing; nothing is flushed.
int clinux_end_after(int milliseconds);
/// The default action of a signal, unblocked, raised; returns only when the signal is ignored by default.
void clinux_raise_default(int number);

/// For programs whose threads allocate little at once: one arena for all of them, and allocations from
/// 128 KiB on go back to the kernel when they are freed. Before the first thread starts.
void clinux_allocate_sparingly(void);
/// Gives back what is free inside the heap.
void clinux_trim_heap(void);
/// Takes the code and constants of all loaded objects out of this process' page tables: what is used comes
/// back from the page cache, 64 KiB a fault.
void clinux_drop_code(void);

/// From now on a trap (SIGILL, SIGTRAP, SIGSEGV, SIGABRT, SIGBUS, SIGFPE) of any thread writes these bytes,
/// at most 512, to the terminal and gives it its present modes back before it ends the process as it would
/// have. What is written to stderr meanwhile, if that is a terminal, waits in memory (64 KiB) for the
/// release.
/// -1 when the descriptor is no terminal, the bytes are too many, or one is guarded already.
int clinux_guard_terminal(int fd, const void *bytes, size_t count);
/// Ends that; prints what was written to stderr. Does nothing when no terminal is guarded.
void clinux_release_terminal(void);
/// Stops the process by SIGTSTP's default action, though the calling thread blocks it; returns when it goes
/// on.
void clinux_stop(void);

/// CRC-32 (IEEE 802.3, reflected): folding where the processor has it, else eight table steps at a time.
uint32_t clinux_crc32(const void *bytes, size_t count);
/// The table form alone, on every processor.
uint32_t clinux_crc32_by_table(const void *bytes, size_t count);
/// 1 when clinux_crc32 folds with carry-less multiplication.
int clinux_crc32_folds(void);

#endif
