/* SPDX-License-Identifier: Apache-2.0
 *
 * fault_shim.c - an LD_PRELOAD library that counts the calls with which a run touches its state directory, and lets the
 * N-th of them be its last, fail, or do half of what it was asked for.
 *
 * All processes and threads of a run share one counter, in a file that the test made (struct shared, below). A call
 * counts when it is of a class that was asked for and its file or descriptor lies in the root. What happens at a call
 * happens before the call is executed. The N-th call is the same one each time as long as one thread does the work at a
 * time ([pipeline] workers = 1).
 *
 *   SF_FAULT_SHARED  the file with the counter, at least sizeof(struct shared) bytes of zeros; unset: nothing is done
 *   SF_FAULT_ROOT    the directory that counts, without links and without a slash at its end
 *   SF_FAULT_CLASSES which calls count, separated by commas: create write move remove sync truncate meta (they change
 *                    something on disk), open read list stat map malloc lock
 *   SF_FAULT_AT      N; 0: none, only count
 *   SF_FAULT_DO      kill          the whole run: SIGKILL to the supervisor and to the caller
 *                    kill-worker   the caller; the supervisor's own calls do not count then
 *                    ERRNO         the call fails: EIO ENOSPC EMFILE EACCES EROFS ENOMEM EINTR
 *                    ERRNO+        so do all that follow
 *                    short, short+ a write writes half
 *                    lie           the call does nothing and says that it did: the defect that a sweep has to find
 *                    clock-back    from this call on the wall clock is an hour behind, for all processes of the run
 *                    clock-ahead   the same, 26 hours ahead
 *   SF_FAULT_TRACE   a file that gets a line for each call that counts: number, process, call, class, path
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

enum class_of_call {
  CREATE = 1 << 0,
  WRITE = 1 << 1,
  MOVE = 1 << 2,
  REMOVE = 1 << 3,
  SYNC = 1 << 4,
  TRUNCATE = 1 << 5,
  META = 1 << 6,
  OPEN = 1 << 7,
  READ = 1 << 8,
  LIST = 1 << 9,
  STAT = 1 << 10,
  MAP = 1 << 11,
  MALLOC = 1 << 12,
  LOCK = 1 << 13,
};
static const char* const class_names[] = {"create", "write", "move", "remove", "sync", "truncate", "meta",
                                          "open",   "read",  "list", "stat",   "map",  "malloc",   "lock"};
enum action { KILL, KILL_WORKER, FAIL_ONCE, FAIL_ON, SHORT_ONCE, SHORT_ON, LIE_ONCE, CLOCK_BACK, CLOCK_AHEAD };
enum outcome { GO, FAIL, SHORT, LIE };

/* The test reads it, too (sweep.py): keep the order. */
struct shared {
  uint64_t count;
  uint64_t fired; /* the number of the first call at which something was done; 0: none was */
  int64_t supervisor;
  char call[32];
  char path[448];
};

static struct shared* shared;
static const char* root;
static size_t root_size;
static unsigned classes;
static uint64_t at;
static enum action action;
static int error_number;
static int trace_fd = -1;

static const struct {
  const char* name;
  int number;
} errors[] = {{"EIO", EIO},     {"ENOSPC", ENOSPC}, {"EMFILE", EMFILE}, {"EACCES", EACCES},
              {"EROFS", EROFS}, {"ENOMEM", ENOMEM}, {"EINTR", EINTR}};

/* A setting that is wrong must not look like a run without faults. */
static void refuse(const char* name, const char* value) {
  dprintf(STDERR_FILENO, "fault_shim: %s=%s is not known\n", name, value ? value : "");
  _exit(99);
}

static unsigned parse_classes(const char* text) {
  unsigned out = 0;
  while (text && *text) {
    const size_t size = strcspn(text, ",");
    size_t i = 0;
    while (i < sizeof class_names / sizeof *class_names &&
           (strlen(class_names[i]) != size || strncmp(class_names[i], text, size) != 0))
      ++i;
    if (i == sizeof class_names / sizeof *class_names) refuse("SF_FAULT_CLASSES", text);
    out |= 1U << i;
    text += size + (text[size] == ',');
  }
  return out;
}

static void parse_action(const char* text) {
  static const struct {
    const char* name;
    enum action action;
  } plain[] = {{"kill", KILL},    {"kill-worker", KILL_WORKER}, {"short", SHORT_ONCE},       {"short+", SHORT_ON},
               {"lie", LIE_ONCE}, {"clock-back", CLOCK_BACK},   {"clock-ahead", CLOCK_AHEAD}};
  for (size_t i = 0; i < sizeof plain / sizeof *plain; ++i)
    if (strcmp(text, plain[i].name) == 0) {
      action = plain[i].action;
      return;
    }
  for (size_t i = 0; i < sizeof errors / sizeof *errors; ++i) {
    const size_t size = strlen(errors[i].name);
    if (strncmp(text, errors[i].name, size) != 0 || strcmp(text + size, text[size] == '+' ? "+" : "") != 0) continue;
    action = text[size] == '+' ? FAIL_ON : FAIL_ONCE;
    error_number = errors[i].number;
    return;
  }
  refuse("SF_FAULT_DO", text);
}

__attribute__((constructor)) static void start(void) {
  const char* file = getenv("SF_FAULT_SHARED");
  if (!file) return;
  const char* number = getenv("SF_FAULT_AT");
  const char* what = getenv("SF_FAULT_DO");
  const char* trace = getenv("SF_FAULT_TRACE");
  root = getenv("SF_FAULT_ROOT");
  if (!root) refuse("SF_FAULT_ROOT", root);
  root_size = strlen(root);
  classes = parse_classes(getenv("SF_FAULT_CLASSES"));
  at = number ? strtoull(number, NULL, 10) : 0;
  if (at != 0) parse_action(what ? what : "");
  /* Not through open(2): that is ours. */
  const int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CLOEXEC);
  void* map =
      fd < 0 ? MAP_FAILED : (void*)syscall(SYS_mmap, NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) refuse("SF_FAULT_SHARED", file);
  close(fd);
  if (trace) trace_fd = (int)syscall(SYS_openat, AT_FDCWD, trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  shared = map;
  int64_t nobody = 0;
  __atomic_compare_exchange_n(&shared->supervisor, &nobody, (int64_t)getpid(), 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* The path of the file that a call is about: a descriptor's, or a name's below a descriptor. */
static int path_of(int fd, const char* name, char* out, size_t size) {
  size_t used = 0;
  if (name == NULL || (name[0] != '/' && fd != AT_FDCWD)) {
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const long n = syscall(SYS_readlinkat, AT_FDCWD, link, out, size - 1);
    if (n < 0) return 0;
    used = (size_t)n;
    out[used] = '\0';
  } else if (name[0] != '/') {
    return 0; /* relative to the working directory, which is not in the root */
  }
  if (name != NULL) snprintf(out + used, size - used, "%s%s", used != 0 ? "/" : "", name);
  return strncmp(out, root, root_size) == 0 && (out[root_size] == '\0' || out[root_size] == '/');
}

static void note(uint64_t number, enum class_of_call class, const char* call, const char* path) {
  if (trace_fd < 0) return;
  char line[PATH_MAX + 128];
  const int size = snprintf(line, sizeof line, "%llu %d %s %s %s\n", (unsigned long long)number, (int)getpid(), call,
                            class_names[__builtin_ctz((unsigned)class)], path + root_size);
  if (syscall(SYS_write, trace_fd, line, size < (int)sizeof line ? (size_t)size : sizeof line - 1) < 0) return;
}

static void die(void) {
  const pid_t supervisor = (pid_t)__atomic_load_n(&shared->supervisor, __ATOMIC_SEQ_CST);
  if (action == KILL && supervisor != getpid()) kill(supervisor, SIGKILL);
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

/* What becomes of a call that counts. */
static enum outcome strike(uint64_t number, const char* call, const char* path) {
  const int goes_on = action == FAIL_ON || action == SHORT_ON;
  if (at == 0 || number < at || (number > at && !goes_on)) return GO;
  if (number == at) {
    snprintf(shared->call, sizeof shared->call, "%s", call);
    snprintf(shared->path, sizeof shared->path, "%.440s", path + root_size);
    __atomic_store_n(&shared->fired, number, __ATOMIC_SEQ_CST);
  }
  switch (action) {
    case KILL:
    case KILL_WORKER:
      die();
      return GO;
    case FAIL_ONCE:
    case FAIL_ON:
      errno = error_number;
      return FAIL;
    case SHORT_ONCE:
    case SHORT_ON:
      return SHORT;
    case CLOCK_BACK:
    case CLOCK_AHEAD:
      return GO; /* `fired` is what the clock looks at */
    default:
      return LIE;
  }
}

/* Every wrapped call comes through here first. */
static enum outcome meet(enum class_of_call class, const char* call, int fd, const char* name) {
  if (!shared || !(classes & (unsigned)class)) return GO;
  if (at != 0 && action == KILL_WORKER && __atomic_load_n(&shared->supervisor, __ATOMIC_RELAXED) == getpid()) return GO;
  const int before = errno;
  char path[PATH_MAX + NAME_MAX + 2];
  const int counts = path_of(fd, name, path, sizeof path);
  const uint64_t number = counts ? __atomic_add_fetch(&shared->count, 1, __ATOMIC_SEQ_CST) : 0;
  if (counts) note(number, class, call, path);
  errno = before;
  return counts ? strike(number, call, path) : GO;
}

static void* real_of(void** slot, const char* name) {
  void* found = __atomic_load_n(slot, __ATOMIC_RELAXED);
  if (!found) {
    found = dlsym(RTLD_NEXT, name);
    __atomic_store_n(slot, found, __ATOMIC_RELAXED);
  }
  return found;
}

/* A call that fails with -1, succeeds with 0 (so a lie can be told), and is about FD, or NAME below it. */
#define WRAP(CLASS, TYPE, CALL, PARAMETERS, ARGUMENTS, FD, NAME) \
  TYPE CALL PARAMETERS {                                         \
    static void* real;                                           \
    const enum outcome is = meet(CLASS, #CALL, FD, NAME);        \
    if (is == FAIL) return (TYPE)-1;                             \
    if (is == LIE) return (TYPE)0;                               \
    return ((TYPE(*) PARAMETERS)real_of(&real, #CALL))ARGUMENTS; \
  }

WRAP(MOVE, int, rename, (const char* from, const char* to), (from, to), AT_FDCWD, to)
WRAP(MOVE, int, renameat, (int f, const char* from, int t, const char* to), (f, from, t, to), t, to)
WRAP(MOVE, int, renameat2, (int f, const char* from, int t, const char* to, unsigned how), (f, from, t, to, how), t, to)
WRAP(MOVE, int, link, (const char* from, const char* to), (from, to), AT_FDCWD, to)
WRAP(MOVE, int, linkat, (int f, const char* from, int t, const char* to, int how), (f, from, t, to, how), t, to)
WRAP(MOVE, int, symlink, (const char* text, const char* to), (text, to), AT_FDCWD, to)
WRAP(MOVE, int, symlinkat, (const char* text, int t, const char* to), (text, t, to), t, to)
WRAP(REMOVE, int, unlink, (const char* name), (name), AT_FDCWD, name)
WRAP(REMOVE, int, unlinkat, (int fd, const char* name, int how), (fd, name, how), fd, name)
WRAP(REMOVE, int, rmdir, (const char* name), (name), AT_FDCWD, name)
WRAP(CREATE, int, mkdir, (const char* name, mode_t mode), (name, mode), AT_FDCWD, name)
WRAP(CREATE, int, mkdirat, (int fd, const char* name, mode_t mode), (fd, name, mode), fd, name)
WRAP(CREATE, int, creat, (const char* name, mode_t mode), (name, mode), AT_FDCWD, name)
WRAP(CREATE, int, creat64, (const char* name, mode_t mode), (name, mode), AT_FDCWD, name)
WRAP(SYNC, int, fsync, (int fd), (fd), fd, NULL)
WRAP(SYNC, int, fdatasync, (int fd), (fd), fd, NULL)
WRAP(SYNC, int, syncfs, (int fd), (fd), fd, NULL)
WRAP(SYNC, int, sync_file_range, (int fd, off64_t from, off64_t n, unsigned how), (fd, from, n, how), fd, NULL)
WRAP(TRUNCATE, int, ftruncate, (int fd, off_t size), (fd, size), fd, NULL)
WRAP(TRUNCATE, int, ftruncate64, (int fd, off64_t size), (fd, size), fd, NULL)
WRAP(TRUNCATE, int, truncate, (const char* name, off_t size), (name, size), AT_FDCWD, name)
WRAP(TRUNCATE, int, truncate64, (const char* name, off64_t size), (name, size), AT_FDCWD, name)
WRAP(TRUNCATE, int, fallocate, (int fd, int how, off_t from, off_t size), (fd, how, from, size), fd, NULL)
WRAP(TRUNCATE, int, fallocate64, (int fd, int how, off64_t from, off64_t size), (fd, how, from, size), fd, NULL)
WRAP(LOCK, int, flock, (int fd, int how), (fd, how), fd, NULL)
WRAP(META, int, fchmod, (int fd, mode_t mode), (fd, mode), fd, NULL)
WRAP(META, int, chmod, (const char* name, mode_t mode), (name, mode), AT_FDCWD, name)
WRAP(META, int, fchmodat, (int fd, const char* name, mode_t mode, int how), (fd, name, mode, how), fd, name)
WRAP(META, int, fchown, (int fd, uid_t user, gid_t group), (fd, user, group), fd, NULL)
WRAP(META, int, utime, (const char* name, const struct utimbuf* times), (name, times), AT_FDCWD, name)
WRAP(META, int, futimens, (int fd, const struct timespec times[2]), (fd, times), fd, NULL)
WRAP(META, int, utimensat, (int fd, const char* name, const struct timespec times[2], int how), (fd, name, times, how),
     fd, name)
WRAP(WRITE, ssize_t, writev, (int fd, const struct iovec* parts, int n), (fd, parts, n), fd, NULL)
WRAP(WRITE, ssize_t, pwritev, (int fd, const struct iovec* parts, int n, off_t from), (fd, parts, n, from), fd, NULL)
WRAP(WRITE, ssize_t, pwritev64, (int fd, const struct iovec* parts, int n, off64_t from), (fd, parts, n, from), fd,
     NULL)
WRAP(WRITE, ssize_t, copy_file_range, (int in, off64_t* in_at, int out, off64_t* out_at, size_t n, unsigned how),
     (in, in_at, out, out_at, n, how), out, NULL)
WRAP(READ, ssize_t, read, (int fd, void* to, size_t size), (fd, to, size), fd, NULL)
WRAP(READ, ssize_t, pread, (int fd, void* to, size_t size, off_t from), (fd, to, size, from), fd, NULL)
WRAP(READ, ssize_t, pread64, (int fd, void* to, size_t size, off64_t from), (fd, to, size, from), fd, NULL)
WRAP(STAT, int, stat, (const char* name, struct stat* out), (name, out), AT_FDCWD, name)
WRAP(STAT, int, stat64, (const char* name, struct stat64* out), (name, out), AT_FDCWD, name)
WRAP(STAT, int, lstat, (const char* name, struct stat* out), (name, out), AT_FDCWD, name)
WRAP(STAT, int, lstat64, (const char* name, struct stat64* out), (name, out), AT_FDCWD, name)
WRAP(STAT, int, fstat, (int fd, struct stat* out), (fd, out), fd, NULL)
WRAP(STAT, int, fstat64, (int fd, struct stat64* out), (fd, out), fd, NULL)
WRAP(STAT, int, fstatat, (int fd, const char* name, struct stat* out, int how), (fd, name, out, how), fd, name)
WRAP(STAT, int, fstatat64, (int fd, const char* name, struct stat64* out, int how), (fd, name, out, how), fd, name)
WRAP(STAT, int, statx, (int fd, const char* name, int how, unsigned mask, struct statx* out),
     (fd, name, how, mask, out), fd, name)
WRAP(STAT, int, access, (const char* name, int mode), (name, mode), AT_FDCWD, name)
WRAP(STAT, int, fstatvfs, (int fd, struct statvfs* out), (fd, out), fd, NULL)

/* Half a write: at least one byte, as a regular file gives. */
#define WRAP_WRITE(CALL, PARAMETERS, ARGUMENTS)                     \
  ssize_t CALL PARAMETERS {                                         \
    static void* real;                                              \
    const enum outcome is = meet(WRITE, #CALL, fd, NULL);           \
    if (is == FAIL) return -1;                                      \
    if (is == LIE) return (ssize_t)size;                            \
    if (is == SHORT && size > 1) size /= 2;                         \
    return ((ssize_t(*) PARAMETERS)real_of(&real, #CALL))ARGUMENTS; \
  }
WRAP_WRITE(write, (int fd, const void* from, size_t size), (fd, from, size))
WRAP_WRITE(pwrite, (int fd, const void* from, size_t size, off_t to), (fd, from, size, to))
WRAP_WRITE(pwrite64, (int fd, const void* from, size_t size, off64_t to), (fd, from, size, to))

static int makes_a_file(int flags) {
  return (flags & (O_CREAT | O_TRUNC)) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

#define WRAP_OPEN(CALL, PARAMETERS, LAST, ARGUMENTS, FD)                               \
  int CALL PARAMETERS {                                                                \
    static void* real;                                                                 \
    mode_t mode = 0;                                                                   \
    if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {                  \
      va_list list;                                                                    \
      va_start(list, LAST);                                                            \
      mode = va_arg(list, mode_t);                                                     \
      va_end(list);                                                                    \
    }                                                                                  \
    if (meet(makes_a_file(flags) ? CREATE : OPEN, #CALL, FD, name) == FAIL) return -1; \
    return ((int(*) PARAMETERS)real_of(&real, #CALL))ARGUMENTS;                        \
  }
WRAP_OPEN(open, (const char* name, int flags, ...), flags, (name, flags, mode), AT_FDCWD)
WRAP_OPEN(open64, (const char* name, int flags, ...), flags, (name, flags, mode), AT_FDCWD)
WRAP_OPEN(openat, (int fd, const char* name, int flags, ...), flags, (fd, name, flags, mode), fd)
WRAP_OPEN(openat64, (int fd, const char* name, int flags, ...), flags, (fd, name, flags, mode), fd)

#define WRAP_MAP(CALL, OFFSET)                                                                                    \
  void* CALL(void* where, size_t size, int prot, int flags, int fd, OFFSET from) {                                \
    static void* real;                                                                                            \
    if (fd >= 0 && meet(MAP, #CALL, fd, NULL) == FAIL) return MAP_FAILED;                                         \
    return ((void* (*)(void*, size_t, int, int, int, OFFSET))real_of(&real, #CALL))(where, size, prot, flags, fd, \
                                                                                    from);                        \
  }
WRAP_MAP(mmap, off_t)
WRAP_MAP(mmap64, off64_t)

/* The program asks for directory entries by number. All other numbers pass: the shim itself uses them. */
long syscall(long number, ...) {
  static void* real;
  long a[6];
  va_list list;
  va_start(list, number);
  for (int i = 0; i < 6; ++i) a[i] = va_arg(list, long);
  va_end(list);
  if (number == SYS_getdents64 && meet(LIST, "getdents64", (int)a[0], NULL) == FAIL) return -1;
  return ((long (*)(long, ...))real_of(&real, "syscall"))(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* Memory has no path: it counts wherever it is wanted for. dlsym may want some, too, so the C library's own name is
 * called. */
extern void* __libc_malloc(size_t size);
void* malloc(size_t size) {
  if (shared && (classes & MALLOC) != 0) {
    const uint64_t number = __atomic_add_fetch(&shared->count, 1, __ATOMIC_SEQ_CST);
    if (strike(number, "malloc", root) == FAIL) return NULL;
  }
  return __libc_malloc(size);
}

/* Seconds that the wall clock is off by now. */
static time_t jump(void) {
  if (!shared || at == 0 || (action != CLOCK_BACK && action != CLOCK_AHEAD)) return 0;
  if (__atomic_load_n(&shared->fired, __ATOMIC_SEQ_CST) == 0) return 0;
  return action == CLOCK_BACK ? -3600 : 26 * 3600;
}

int clock_gettime(clockid_t clock, struct timespec* out) {
  static void* real;
  const int is = ((int (*)(clockid_t, struct timespec*))real_of(&real, "clock_gettime"))(clock, out);
  if (is == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) out->tv_sec += jump();
  return is;
}

int gettimeofday(struct timeval* restrict out, void* restrict zone) {
  static void* real;
  const int is = ((int (*)(struct timeval*, void*))real_of(&real, "gettimeofday"))(out, zone);
  if (is == 0) out->tv_sec += jump();
  return is;
}

time_t time(time_t* out) {
  static void* real;
  const time_t now = ((time_t(*)(time_t*))real_of(&real, "time"))(NULL) + jump();
  if (out) *out = now;
  return now;
}
