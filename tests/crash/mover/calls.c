/* SPDX-License-Identifier: Apache-2.0
 *
 * calls.c - the system calls of core/fs, defined by the test program itself: each one comes through meet_call() first,
 * in which the hostile neighbour of hostile.hpp has its turn, and goes on to the C library.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* What a call is about: NAME below FD, or FD itself where NAME is null; and the same again for its second name. */
void meet_call(const char* call, int fd, const char* name, int to_fd, const char* to_name);

static void* real_of(void** slot, const char* name) {
  if (!*slot) *slot = dlsym(RTLD_NEXT, name);
  return *slot;
}

#define WRAP(TYPE, CALL, PARAMETERS, ARGUMENTS, FD, NAME, TO_FD, TO_NAME) \
  TYPE CALL PARAMETERS {                                                  \
    static void* real;                                                    \
    meet_call(#CALL, FD, NAME, TO_FD, TO_NAME);                           \
    return ((TYPE(*) PARAMETERS)real_of(&real, #CALL))ARGUMENTS;          \
  }

WRAP(int, renameat, (int f, const char* from, int t, const char* to), (f, from, t, to), f, from, t, to)
WRAP(int, renameat2, (int f, const char* from, int t, const char* to, unsigned how), (f, from, t, to, how), f, from, t,
     to)
WRAP(int, linkat, (int f, const char* from, int t, const char* to, int how), (f, from, t, to, how), f, from, t, to)
WRAP(int, unlinkat, (int fd, const char* name, int how), (fd, name, how), fd, name, -1, NULL)
WRAP(int, mkdirat, (int fd, const char* name, mode_t mode), (fd, name, mode), fd, name, -1, NULL)
WRAP(int, fstatat, (int fd, const char* name, struct stat* out, int how), (fd, name, out, how), fd, name, -1, NULL)
WRAP(int, stat, (const char* name, struct stat* out), (name, out), AT_FDCWD, name, -1, NULL)
WRAP(int, fstat, (int fd, struct stat* out), (fd, out), fd, NULL, -1, NULL)
WRAP(int, fstatvfs, (int fd, struct statvfs* out), (fd, out), fd, NULL, -1, NULL)
WRAP(int, fsync, (int fd), (fd), fd, NULL, -1, NULL)
WRAP(int, fdatasync, (int fd), (fd), fd, NULL, -1, NULL)
WRAP(int, syncfs, (int fd), (fd), fd, NULL, -1, NULL)
WRAP(int, ftruncate, (int fd, off_t size), (fd, size), fd, NULL, -1, NULL)
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), fd, NULL, -1, NULL)
WRAP(int, flock, (int fd, int how), (fd, how), fd, NULL, -1, NULL)
WRAP(ssize_t, read, (int fd, void* to, size_t size), (fd, to, size), fd, NULL, -1, NULL)
WRAP(ssize_t, pread, (int fd, void* to, size_t size, off_t from), (fd, to, size, from), fd, NULL, -1, NULL)
WRAP(ssize_t, write, (int fd, const void* from, size_t size), (fd, from, size), fd, NULL, -1, NULL)

#define WRAP_OPEN(CALL, PARAMETERS, ARGUMENTS, FD)              \
  int CALL PARAMETERS {                                         \
    static void* real;                                          \
    mode_t mode = 0;                                            \
    if (flags & O_CREAT) {                                      \
      va_list list;                                             \
      va_start(list, flags);                                    \
      mode = va_arg(list, mode_t);                              \
      va_end(list);                                             \
    }                                                           \
    meet_call(#CALL, FD, name, -1, NULL);                       \
    return ((int(*) PARAMETERS)real_of(&real, #CALL))ARGUMENTS; \
  }
WRAP_OPEN(open, (const char* name, int flags, ...), (name, flags, mode), AT_FDCWD)
WRAP_OPEN(openat, (int fd, const char* name, int flags, ...), (fd, name, flags, mode), fd)

/* The program asks for directory entries by number. */
long syscall(long number, ...) {
  static void* real;
  long a[6];
  va_list list;
  va_start(list, number);
  for (int i = 0; i < 6; ++i) a[i] = va_arg(list, long);
  va_end(list);
  if (number == SYS_getdents64) meet_call("getdents64", (int)a[0], NULL, -1, NULL);
  return ((long (*)(long, ...))real_of(&real, "syscall"))(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
