// SPDX-License-Identifier: Apache-2.0
//
// op_recorder.c - LD_PRELOAD: writes down, in one order over all processes and threads, every successful operation
// that changes a directory tree, and every force to disk, with the bytes. recording.py reads it.
//
// SF_RECORD_LOG   a file that is there and large enough (sparse); mapped, so it outlives any close() of the program
// SF_RECORD_ROOT  the tree, an absolute path without links
// The operation and its record are made under one lock, so the order written down is the order in which it happened.
// What goes past libc (a mapped file, fopen) is not seen; a replay of the whole log that differs from the tree shows
// that (recording.py checks it).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define REAL(name) (__extension__(__typeof__(&name)) real(#name))

enum { kCreate = 1, kMkdir, kLink, kUnlink, kRmdir, kRename, kExchange, kWrite, kTruncate, kFsync, kSyncfs };

struct header {
  volatile uint64_t used;  // bytes, this header among them
  volatile int32_t owner;  // of the lock: a thread id, 0 none
  volatile uint32_t full;  // 1: records are missing
};

struct record {
  uint32_t size;  // of all, in multiples of 8
  uint32_t type;
  uint32_t name_size, to_name_size, data_size;
  uint32_t process;
  uint64_t dir, to_dir;      // inodes of directories
  uint64_t inode, replaced;  // what the name means; what the other name meant before
  int64_t offset;            // of a write; the new size of a truncation
};

static struct header* log_;
static uint64_t log_size_;
static char root_[4096];
static size_t root_size_;

static void* real(const char* name) {
  return dlsym(RTLD_NEXT, name);
}

__attribute__((constructor)) static void start(void) {
  const char* path = getenv("SF_RECORD_LOG");
  const char* root = getenv("SF_RECORD_ROOT");
  struct stat s;
  if (path == NULL || root == NULL) return;
  root_size_ = strlen(root);
  if (root_size_ >= sizeof root_) return;
  memcpy(root_, root, root_size_ + 1);
  const int fd = REAL(open)(path, O_RDWR | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &s) != 0) return;
  log_size_ = (uint64_t)s.st_size;
  void* mapped = mmap(NULL, log_size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  REAL(close)(fd);
  if (mapped != MAP_FAILED) log_ = mapped;
}

// A process that was killed while it held the lock does not stop the others.
static void lock(void) {
  const int32_t self = (int32_t)gettid();
  for (unsigned turn = 1;; ++turn) {
    int32_t held = 0;
    if (__atomic_compare_exchange_n(&log_->owner, &held, self, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) return;
    if (turn % 1000 == 0 && kill(held, 0) != 0 && errno == ESRCH &&
        __atomic_compare_exchange_n(&log_->owner, &held, self, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
      return;
    sched_yield();
  }
}

static void unlock(void) {
  const int kept = errno;
  __atomic_store_n(&log_->owner, 0, __ATOMIC_RELEASE);
  errno = kept;
}

static int below_root(const char* path) {
  return strncmp(path, root_, root_size_) == 0 && (path[root_size_] == '\0' || path[root_size_] == '/');
}

static int fd_below_root(int fd) {
  char link[64];
  char path[4096];
  snprintf(link, sizeof link, fd == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", fd);
  const ssize_t n = readlink(link, path, sizeof path - 1);
  if (n <= 0) return 0;
  path[n] = '\0';
  return below_root(path);
}

static int concerns(int dir, const char* path) {
  const int kept = errno;
  const int yes = log_ != NULL && path != NULL && (path[0] == '/' ? below_root(path) : fd_below_root(dir));
  errno = kept;
  return yes;
}

static int concerns_fd(int fd) {
  const int kept = errno;
  const int yes = log_ != NULL && fd_below_root(fd);
  errno = kept;
  return yes;
}

static uint64_t inode_at(int dir, const char* path) {
  struct stat s;
  const int kept = errno;
  const int failed = fstatat(dir, path, &s, AT_SYMLINK_NOFOLLOW);
  errno = kept;
  return failed ? 0 : s.st_ino;
}

static uint64_t inode_of(int fd) {
  struct stat s;
  const int kept = errno;
  const int failed = fstat(fd, &s);
  errno = kept;
  return failed ? 0 : s.st_ino;
}

// The directory that a path's last component lies in.
static uint64_t dir_of(int dir, const char* path, const char** name) {
  char parent[4096];
  const char* slash = strrchr(path, '/');
  *name = slash == NULL ? path : slash + 1;
  if (slash == NULL) return dir == AT_FDCWD ? inode_at(dir, ".") : inode_of(dir);
  const size_t size = slash == path ? 1 : (size_t)(slash - path);
  if (size >= sizeof parent) return 0;
  memcpy(parent, path, size);
  parent[size] = '\0';
  return inode_at(dir, parent);
}

static void append(struct record r, const char* name, const char* to_name, const void* data, size_t data_size) {
  r.name_size = (uint32_t)strlen(name);
  r.to_name_size = (uint32_t)strlen(to_name);
  r.data_size = (uint32_t)data_size;
  r.process = (uint32_t)getpid();
  r.size = (uint32_t)((sizeof r + r.name_size + r.to_name_size + data_size + 7) & ~(size_t)7);
  if (log_->used == 0) log_->used = sizeof *log_;
  if (log_->used + r.size > log_size_) {
    log_->full = 1;
    return;
  }
  char* at = (char*)log_ + log_->used;
  memcpy(at, &r, sizeof r);
  at += sizeof r;
  memcpy(at, name, r.name_size);
  memcpy(at + r.name_size, to_name, r.to_name_size);
  memcpy(at + r.name_size + r.to_name_size, data, data_size);
  log_->used += r.size;
}

static void append_name(uint32_t type, int dir, const char* path, uint64_t inode) {
  const char* name;
  struct record r = {.type = type, .inode = inode};
  r.dir = dir_of(dir, path, &name);
  append(r, name, "", "", 0);
}

static void append_plain(uint32_t type, uint64_t inode, int64_t offset) {
  append((struct record){.type = type, .inode = inode, .offset = offset}, "", "", "", 0);
}

// ---- open

static int open_recorded(int dir, const char* path, int flags, mode_t mode) {
  const int may_change = (flags & (O_CREAT | O_TRUNC)) != 0 && (flags & O_TMPFILE) != O_TMPFILE;
  if (!may_change || !concerns(dir, path)) return REAL(openat)(dir, path, flags, mode);
  lock();
  const uint64_t before = inode_at(dir, path);
  const int fd = REAL(openat)(dir, path, flags, mode);
  if (fd >= 0) {
    if (before == 0) append_name(kCreate, dir, path, inode_of(fd));
    if (before != 0 && (flags & O_TRUNC) != 0) append_plain(kTruncate, before, 0);
  }
  unlock();
  return fd;
}

#define MODE_OF(flags, mode)                    \
  mode_t mode = 0;                              \
  if (((flags) & (O_CREAT | O_TMPFILE)) != 0) { \
    va_list rest;                               \
    va_start(rest, flags);                      \
    mode = (mode_t)va_arg(rest, int);           \
    va_end(rest);                               \
  }

EXPORT int open(const char* path, int flags, ...) {
  MODE_OF(flags, mode)
  return open_recorded(AT_FDCWD, path, flags, mode);
}
EXPORT int open64(const char* path, int flags, ...) {
  MODE_OF(flags, mode)
  return open_recorded(AT_FDCWD, path, flags, mode);
}
EXPORT int openat(int dir, const char* path, int flags, ...) {
  MODE_OF(flags, mode)
  return open_recorded(dir, path, flags, mode);
}
EXPORT int openat64(int dir, const char* path, int flags, ...) {
  MODE_OF(flags, mode)
  return open_recorded(dir, path, flags, mode);
}
EXPORT int creat(const char* path, mode_t mode) {
  return open_recorded(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
EXPORT int creat64(const char* path, mode_t mode) {
  return open_recorded(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

// ---- data

static void append_write(int fd, const void* data, ssize_t n, int64_t offset) {
  if (n <= 0) return;
  append((struct record){.type = kWrite, .inode = inode_of(fd), .offset = offset}, "", "", data, (size_t)n);
}

EXPORT ssize_t write(int fd, const void* data, size_t size) {
  if (!concerns_fd(fd)) return REAL(write)(fd, data, size);
  lock();
  const ssize_t n = REAL(write)(fd, data, size);
  // Where it ended, not where it began: with O_APPEND only that is known.
  if (n > 0) append_write(fd, data, n, REAL(lseek)(fd, 0, SEEK_CUR) - n);
  unlock();
  return n;
}
EXPORT ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  if (!concerns_fd(fd)) return REAL(pwrite64)(fd, data, size, offset);
  lock();
  const ssize_t n = REAL(pwrite64)(fd, data, size, offset);
  append_write(fd, data, n, offset);
  unlock();
  return n;
}
EXPORT ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  return pwrite64(fd, data, size, offset);
}
EXPORT ssize_t writev(int fd, const struct iovec* parts, int count) {
  if (!concerns_fd(fd)) return REAL(writev)(fd, parts, count);
  lock();
  const ssize_t n = REAL(writev)(fd, parts, count);
  int64_t at = n > 0 ? REAL(lseek)(fd, 0, SEEK_CUR) - n : 0;
  ssize_t left = n;
  for (int i = 0; i < count && left > 0; ++i) {
    const ssize_t part = left < (ssize_t)parts[i].iov_len ? left : (ssize_t)parts[i].iov_len;
    append_write(fd, parts[i].iov_base, part, at);
    at += part;
    left -= part;
  }
  unlock();
  return n;
}
EXPORT int ftruncate64(int fd, off64_t size) {
  if (!concerns_fd(fd)) return REAL(ftruncate64)(fd, size);
  lock();
  const int failed = REAL(ftruncate64)(fd, size);
  if (!failed) append_plain(kTruncate, inode_of(fd), size);
  unlock();
  return failed;
}
EXPORT int ftruncate(int fd, off_t size) {
  return ftruncate64(fd, size);
}
static int grow(int fd, off64_t end, int (*call)(int, off64_t, off64_t), off64_t offset, off64_t size) {
  struct stat before;
  lock();
  const int known = fstat(fd, &before) == 0;
  const int failed = call(fd, offset, size);
  if (!failed && known && end > before.st_size) append_plain(kTruncate, before.st_ino, end);
  unlock();
  return failed;
}
EXPORT int posix_fallocate64(int fd, off64_t offset, off64_t size) {
  if (!concerns_fd(fd)) return REAL(posix_fallocate64)(fd, offset, size);
  return grow(fd, offset + size, REAL(posix_fallocate64), offset, size);
}
EXPORT int posix_fallocate(int fd, off_t offset, off_t size) {
  return posix_fallocate64(fd, offset, size);
}

// ---- names

EXPORT int mkdirat(int dir, const char* path, mode_t mode) {
  if (!concerns(dir, path)) return REAL(mkdirat)(dir, path, mode);
  lock();
  const int failed = REAL(mkdirat)(dir, path, mode);
  if (!failed) append_name(kMkdir, dir, path, inode_at(dir, path));
  unlock();
  return failed;
}
EXPORT int mkdir(const char* path, mode_t mode) {
  return mkdirat(AT_FDCWD, path, mode);
}
EXPORT int unlinkat(int dir, const char* path, int flags) {
  if (!concerns(dir, path)) return REAL(unlinkat)(dir, path, flags);
  lock();
  const uint64_t inode = inode_at(dir, path);
  const int failed = REAL(unlinkat)(dir, path, flags);
  if (!failed) append_name((flags & AT_REMOVEDIR) != 0 ? kRmdir : kUnlink, dir, path, inode);
  unlock();
  return failed;
}
EXPORT int unlink(const char* path) {
  return unlinkat(AT_FDCWD, path, 0);
}
EXPORT int rmdir(const char* path) {
  return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

static void append_two(uint32_t type, uint64_t dir, const char* name, int to, const char* to_path, uint64_t inode,
                       uint64_t replaced) {
  const char* to_name;
  struct record r = {.type = type, .dir = dir, .inode = inode, .replaced = replaced};
  r.to_dir = dir_of(to, to_path, &to_name);
  append(r, name, to_name, "", 0);
}

EXPORT int linkat(int dir, const char* path, int to, const char* to_path, int flags) {
  if (!concerns(to, to_path)) return REAL(linkat)(dir, path, to, to_path, flags);
  lock();
  const int failed = REAL(linkat)(dir, path, to, to_path, flags);
  if (!failed) append_name(kLink, to, to_path, inode_at(to, to_path));
  unlock();
  return failed;
}
EXPORT int link(const char* path, const char* to_path) {
  return linkat(AT_FDCWD, path, AT_FDCWD, to_path, 0);
}
EXPORT int renameat2(int dir, const char* path, int to, const char* to_path, unsigned flags) {
  const char* name;
  if (!concerns(dir, path) && !concerns(to, to_path)) return REAL(renameat2)(dir, path, to, to_path, flags);
  lock();
  const uint64_t from = dir_of(dir, path, &name);
  const uint64_t inode = inode_at(dir, path);
  const uint64_t there = inode_at(to, to_path);
  const int failed = REAL(renameat2)(dir, path, to, to_path, flags);
  if (!failed) append_two((flags & RENAME_EXCHANGE) != 0 ? kExchange : kRename, from, name, to, to_path, inode, there);
  unlock();
  return failed;
}
EXPORT int renameat(int dir, const char* path, int to, const char* to_path) {
  return renameat2(dir, path, to, to_path, 0);
}
EXPORT int rename(const char* path, const char* to_path) {
  return renameat2(AT_FDCWD, path, AT_FDCWD, to_path, 0);
}

// ---- force to disk

static int forced(int fd, uint32_t type, int (*call)(int)) {
  if (!concerns_fd(fd)) return call(fd);
  lock();
  const int failed = call(fd);
  if (!failed) append_plain(type, inode_of(fd), 0);
  unlock();
  return failed;
}
EXPORT int fsync(int fd) {
  return forced(fd, kFsync, REAL(fsync));
}
EXPORT int fdatasync(int fd) {
  return forced(fd, kFsync, REAL(fdatasync));
}
EXPORT int syncfs(int fd) {
  return forced(fd, kSyncfs, REAL(syncfs));
}
