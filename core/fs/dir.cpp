// SPDX-License-Identifier: Apache-2.0
#include "fs/dir.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"

namespace signalfoundry::fs {

namespace {

constexpr mode_t kFileMode = 0640;
constexpr mode_t kDirMode = 0750;

bool gone(int error_number) {
  return error_number == ENOENT || error_number == ENOTDIR || error_number == ESTALE;
}

// "cannot open queue/a.json"
std::string about(const char* verb, const Dir& dir, std::string_view name) {
  return std::string("cannot ") + verb + " " + printable(dir.path()) + "/" + printable(name);
}

// A NUL-terminated, checked name.
std::string checked(const Dir& dir, std::string_view name) {
  if (!valid_name(name)) throw Error(Exit::internal, about("use", dir, name) + ": not a single file name");
  return std::string(name);
}

Kind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return Kind::file;
  if (S_ISDIR(mode)) return Kind::directory;
  return S_ISLNK(mode) ? Kind::symlink : Kind::other;
}

// Anybody can give a file any time; what 64 bits of nanoseconds do not hold becomes their end.
std::int64_t nanoseconds(const timespec& time) {
  constexpr std::int64_t last = INT64_MAX / 1'000'000'000 - 1;
  return std::clamp<std::int64_t>(time.tv_sec, -last, last) * 1'000'000'000 + time.tv_nsec;
}

Info info_of(const struct stat& s) {
  return {s.st_dev,   s.st_ino,          static_cast<std::uint64_t>(s.st_size), nanoseconds(s.st_mtim),
          s.st_nlink, kind_of(s.st_mode)};
}

struct File {
  int fd;
  explicit File(int f) : fd(f) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd >= 0) ::close(fd);
  }
};

void write_all(int fd, std::string_view bytes, const std::string& what) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw io_error(errno, what);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

const char* kind_name(Kind kind) {
  switch (kind) {
    case Kind::file:
      return "file";
    case Kind::directory:
      return "directory";
    case Kind::symlink:
      return "symbolic link";
    default:
      return "fifo, socket or device";
  }
}

bool valid_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.size() <= 255 &&
         name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

Dir::Dir(int fd, std::string path)
    : fd_(new int(fd),
          [](const int* held) {
            ::close(*held);
            delete held;
          }),
      path_(std::move(path)) {}

std::optional<Dir> Dir::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) return Dir(fd, path);
  if (errno == ENOENT) return std::nullopt;
  throw io_error(errno, "cannot open the directory " + printable(path));
}

Dir Dir::create(const std::string& path) {
  if (auto dir = open(path)) return *dir;
  const auto slash = path.find_last_of('/');
  if (slash == std::string::npos || slash + 1 == path.size())
    throw Error(Exit::cant_create, "cannot create the directory " + printable(path) + ": not an absolute path");
  return create(slash == 0 ? "/" : path.substr(0, slash)).sub(path.substr(slash + 1));
}

std::optional<Dir> Dir::find_sub(std::string_view name) const {
  const int sub_fd = ::openat(fd(), checked(*this, name).c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (sub_fd >= 0) return Dir(sub_fd, path_ + "/" + std::string(name));
  if (gone(errno) || errno == ELOOP) return std::nullopt;
  throw io_error(errno, about("open", *this, name));
}

Dir Dir::sub(std::string_view name) const {
  if (auto dir = find_sub(name)) return *dir;
  make(name);
  if (auto dir = find_sub(name)) return *dir;
  throw Error(Exit::io, about("use", *this, name) + ": it is not a directory. Move it away.");
}

Dir Dir::sub_path(std::string_view path) const {
  Dir dir = *this;
  while (!path.empty()) {
    const auto slash = path.find('/');
    dir = dir.sub(path.substr(0, slash));
    path = slash == std::string_view::npos ? "" : path.substr(slash + 1);
  }
  return dir;
}

std::optional<Dir> Dir::find_path(std::string_view path) const {
  std::optional<Dir> dir = *this;
  while (dir && !path.empty()) {
    const auto slash = path.find('/');
    dir = dir->find_sub(path.substr(0, slash));
    path = slash == std::string_view::npos ? "" : path.substr(slash + 1);
  }
  return dir;
}

void Dir::list(const std::function<bool(const Listed&)>& visit) const {
  // An own description: two listings of one held directory must not share an offset.
  const File own(::openat(fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (own.fd < 0 && gone(errno)) return;  // removed while it was held: nothing is in it
  if (own.fd < 0) throw io_error(errno, "cannot list " + printable(path_));
  struct Raw {  // getdents64(2)
    std::uint64_t ino;
    std::int64_t off;
    unsigned short length;
    unsigned char type;
    char name[1];
  };
  std::vector<char> buffer(128U << 10U);
  for (;;) {
    const long n = ::syscall(SYS_getdents64, own.fd, buffer.data(), buffer.size());
    if (n < 0 && !gone(errno)) throw io_error(errno, "cannot list " + printable(path_));
    if (n <= 0) return;
    for (long at = 0; at < n;) {
      const auto* raw = reinterpret_cast<const Raw*>(buffer.data() + at);
      at += raw->length;
      const std::string_view name = raw->name;
      if (name == "." || name == "..") continue;
      Kind kind = Kind::other;
      if (raw->type == DT_REG) kind = Kind::file;
      if (raw->type == DT_DIR) kind = Kind::directory;
      if (raw->type == DT_LNK) kind = Kind::symlink;
      if (raw->type == DT_UNKNOWN)
        kind = stat(name).match([](const Info& i) { return i.kind; }, [](Gone) { return Kind::other; });
      if (!visit({name, raw->ino, kind})) return;
    }
  }
}

bool Dir::empty() const {
  bool found = false;
  list([&](const Listed&) { return !(found = true); });
  return !found;
}

Observation<Info> Dir::stat(std::string_view name) const {
  struct stat s {};
  if (::fstatat(fd(), checked(*this, name).c_str(), &s, AT_SYMLINK_NOFOLLOW) == 0) return info_of(s);
  if (gone(errno)) return Gone::vanished;
  throw io_error(errno, about("look at", *this, name));
}

bool Dir::has(std::string_view name) const {
  return stat(name).match([](const Info&) { return true; }, [](Gone) { return false; });
}

Observation<Content> Dir::read(std::string_view name, std::uint64_t limit, std::uint64_t offset) const {
  const File file(
      ::openat(fd(), checked(*this, name).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (file.fd < 0 && gone(errno)) return Gone::vanished;
  if (file.fd < 0 && (errno == ELOOP || errno == ENXIO)) return Gone::changed;
  if (file.fd < 0) throw io_error(errno, about("read", *this, name));
  struct stat s {};
  if (::fstat(file.fd, &s) != 0) throw io_error(errno, about("read", *this, name));
  Content out{{}, info_of(s), true};
  if (out.info.kind != Kind::file) return Gone::changed;
  const std::uint64_t left = out.info.size > offset ? out.info.size - offset : 0;
  out.whole = left <= limit;
  out.bytes.resize(static_cast<std::size_t>(out.whole ? left : limit));
  std::size_t got = 0;
  while (got < out.bytes.size()) {
    const ssize_t n =
        ::pread(file.fd, out.bytes.data() + got, out.bytes.size() - got, static_cast<off_t>(offset + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw io_error(errno, about("read", *this, name));
    if (n == 0) break;  // truncated since fstat: what is there is what it is
    got += static_cast<std::size_t>(n);
  }
  out.bytes.resize(got);
  return out;
}

Observation<bool> Dir::move(std::string_view name, const Dir& to, std::string_view to_name) const {
  const std::string from = checked(*this, name);
  const std::string target = checked(to, to_name);
  if (::renameat2(fd(), from.c_str(), to.fd(), target.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST) return false;
  if (gone(errno)) return Gone::vanished;
  throw io_error(errno, about("move", *this, name) + " to " + printable(to.path()));
}

Observation<bool> Dir::link(std::string_view name, const Dir& to, std::string_view to_name) const {
  if (::linkat(fd(), checked(*this, name).c_str(), to.fd(), checked(to, to_name).c_str(), 0) == 0) return true;
  if (errno == EEXIST || errno == EPERM || errno == EMLINK || errno == EXDEV) return false;
  if (gone(errno)) return Gone::vanished;
  throw io_error(errno, about("link", *this, name) + " to " + printable(to.path()));
}

Observation<bool> Dir::copy(std::string_view name, const Dir& to, std::string_view to_name) const {
  constexpr std::uint64_t kPiece = 1U << 20U;
  const std::string target = checked(to, to_name);
  const File out(::openat(to.fd(), target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode));
  if (out.fd < 0 && errno == EEXIST) return false;
  if (out.fd < 0) throw io_error(errno, about("create", to, to_name));
  std::optional<Info> first;  // all pieces are of one file
  std::uint64_t at = 0;
  for (std::uint64_t got = kPiece; got == kPiece; at += got) {
    Observation<Content> piece = read(name, kPiece, at);
    std::optional<Gone> lost;
    got = std::move(piece).match(
        [&](const Content& c) -> std::uint64_t {
          if (!first) first = c.info;
          if (c.info.dev != first->dev || c.info.ino != first->ino) {
            lost = Gone::changed;
            return 0;
          }
          write_all(out.fd, c.bytes, about("write", to, to_name));
          return c.bytes.size();
        },
        [&](Gone gone_now) -> std::uint64_t {
          lost = gone_now;
          return 0;
        });
    if (!lost) continue;
    to.remove(to_name);
    return *lost;
  }
  return true;
}

bool Dir::remove(std::string_view name) const {
  if (::unlinkat(fd(), checked(*this, name).c_str(), 0) == 0) return true;
  if (gone(errno)) return false;
  throw io_error(errno, about("remove", *this, name));
}

bool Dir::remove_tree(std::string_view name) const {
  constexpr int kTries = 100;  // others may fill, remove or replace it meanwhile
  for (int i = 0; i < kTries; ++i) {
    const auto inner = find_sub(name);
    if (!inner) {
      if (::unlinkat(fd(), checked(*this, name).c_str(), 0) == 0) return true;
      if (gone(errno)) return false;
      if (errno == EISDIR) continue;
      throw io_error(errno, about("remove", *this, name));
    }
    std::vector<std::string> entries;
    inner->list([&](const Listed& e) { return entries.emplace_back(e.name), true; });
    for (const auto& entry : entries) inner->remove_tree(entry);
    if (::unlinkat(fd(), checked(*this, name).c_str(), AT_REMOVEDIR) == 0) return true;
    if (gone(errno)) return false;
    if (errno != ENOTEMPTY && errno != EEXIST) throw io_error(errno, about("remove", *this, name));
  }
  throw Error(Exit::io, about("remove", *this, name) + ": something keeps filling it. Stop that, and run again.");
}

bool Dir::make(std::string_view name) const {
  if (::mkdirat(fd(), checked(*this, name).c_str(), kDirMode) == 0) return true;
  if (errno == EEXIST) return false;
  throw io_error(errno, about("create", *this, name));
}

bool Dir::exchange(std::string_view name, const Dir& to, std::string_view to_name) const {
  const std::string from = checked(*this, name);
  const std::string target = checked(to, to_name);
  constexpr int kTries = 100;  // what stands at the target may vanish between the two calls, and come back
  for (int i = 0; i < kTries; ++i) {
    if (::renameat2(fd(), from.c_str(), to.fd(), target.c_str(), RENAME_NOREPLACE) == 0) return false;
    if (errno != EEXIST) break;
    if (::renameat2(fd(), from.c_str(), to.fd(), target.c_str(), RENAME_EXCHANGE) == 0) return true;
    if (errno != ENOENT) break;
  }
  throw io_error(errno, about("publish", to, to_name));
}

void Dir::create_file(std::string_view name, std::string_view bytes) const {
  const File file(::openat(fd(), checked(*this, name).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode));
  if (file.fd < 0) throw io_error(errno, about("create", *this, name));
  write_all(file.fd, bytes, about("write", *this, name));
}

void Dir::write_file(std::string_view name, std::string_view bytes) const {
  static std::atomic<unsigned> counter{0};
  const std::string temporary = ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
  const std::string target = checked(*this, name);
  remove(temporary);
  {
    const File file(::openat(fd(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode));
    if (file.fd < 0) throw io_error(errno, about("create", *this, name));
    try {
      write_all(file.fd, bytes, about("write", *this, name));
      if (::fsync(file.fd) != 0) throw io_error(errno, about("write", *this, name));
    } catch (...) {
      ::unlinkat(fd(), temporary.c_str(), 0);
      throw;
    }
  }
  if (::renameat(fd(), temporary.c_str(), fd(), target.c_str()) != 0) {
    const int why = errno;
    ::unlinkat(fd(), temporary.c_str(), 0);
    throw io_error(why, about("replace", *this, name));
  }
  if (::fsync(fd()) != 0) throw io_error(errno, about("write", *this, name));
}

void Dir::append(std::string_view name, std::string_view bytes) const {
  const File file(::openat(fd(), checked(*this, name).c_str(),
                           O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, kFileMode));
  const std::string what = about("append to", *this, name);
  struct stat s {};
  if (file.fd < 0 || ::fstat(file.fd, &s) != 0) throw io_error(errno, what);
  if (!S_ISREG(s.st_mode)) throw io_error(EINVAL, what);
  char last = '\n';
  const bool torn = s.st_size > 0 && ::pread(file.fd, &last, 1, s.st_size - 1) == 1 && last != '\n';
  write_all(file.fd, torn ? "\n" + std::string(bytes) : std::string(bytes), what);
  if (::fdatasync(file.fd) != 0) throw io_error(errno, what);
}

void Dir::sync_all() const {
  if (::syncfs(fd()) != 0) throw io_error(errno, "cannot force " + printable(path_) + " to disk");
}

Dir::Space Dir::space() const {
  struct statvfs s {};
  if (::fstatvfs(fd(), &s) != 0) throw io_error(errno, "cannot ask for the free space of " + printable(path_));
  return {s.f_bavail * s.f_frsize, s.f_files == 0 ? UINT64_MAX : s.f_favail};
}

Lock::Lock(Dir dir, std::string_view name) : dir_(std::move(dir)), name_(checked(dir_, name)) {
  fd_ =
      ::openat(dir_.fd(), name_.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, kFileMode);
  struct stat s {};
  if (fd_ < 0) throw io_error(errno, about("open the lock", dir_, name));
  const int error = ::fstat(fd_, &s) == 0 ? 0 : errno;
  if (error == 0 && S_ISREG(s.st_mode)) return;
  ::close(fd_);
  if (error != 0) throw io_error(error, about("look at the lock", dir_, name_));
  throw Error(Exit::io, about("lock", dir_, name) + ": it is no regular file. Move it away.");
}

std::optional<Lock> Lock::take(const Dir& dir, std::string_view name, const std::string& owner, int how) {
  constexpr int kTries = 100;  // others may replace the file between the two calls
  for (int i = 0; i < kTries; ++i) {
    Lock lock(dir, name);
    if (::flock(lock.fd_, how) != 0) {
      if (errno == EWOULDBLOCK || errno == EINTR) return std::nullopt;
      throw io_error(errno, about("lock", dir, name));
    }
    if (!lock.in_place()) continue;
    if (::ftruncate(lock.fd_, 0) != 0) throw io_error(errno, about("write the lock", dir, name));
    write_all(lock.fd_, owner, about("write the lock", dir, name));
    return lock;
  }
  throw Error(Exit::io, about("lock", dir, name) + ": something keeps replacing it. Stop that, and run again.");
}

std::optional<Lock> Lock::try_take(const Dir& dir, std::string_view name, const std::string& owner) {
  return take(dir, name, owner, LOCK_EX | LOCK_NB);
}

std::optional<Lock> Lock::wait(const Dir& dir, std::string_view name, const std::string& owner,
                               const std::atomic<bool>& stop) {
  // flock(2) ends when the lock is free or a signal comes; a signal that comes just before it would be missed, so there
  // is one every second.
  struct sigaction every_second {};
  struct sigaction before {};
  every_second.sa_handler = [](int) {};
  ::sigaction(SIGALRM, &every_second, &before);
  const itimerval second{{1, 0}, {1, 0}};
  ::setitimer(ITIMER_REAL, &second, nullptr);
  const std::unique_ptr<struct sigaction, void (*)(struct sigaction*)> restore(&before, [](struct sigaction* old) {
    const itimerval never{};
    ::setitimer(ITIMER_REAL, &never, nullptr);
    ::sigaction(SIGALRM, old, nullptr);
  });
  while (!stop.load())
    if (auto lock = take(dir, name, owner, LOCK_EX)) return lock;
  return std::nullopt;
}

bool Lock::in_place() const {
  struct stat held {};
  struct stat there {};
  if (::fstat(fd_, &held) != 0) throw io_error(errno, about("look at", dir_, name_));
  if (::fstatat(dir_.fd(), name_.c_str(), &there, AT_SYMLINK_NOFOLLOW) != 0) {
    if (gone(errno)) return false;
    throw io_error(errno, about("look at", dir_, name_));
  }
  return held.st_dev == there.st_dev && held.st_ino == there.st_ino;
}

Lock::Lock(Lock&& other) noexcept
    : dir_(std::move(other.dir_)), name_(std::move(other.name_)), fd_(std::exchange(other.fd_, -1)) {}
Lock::~Lock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace signalfoundry::fs
