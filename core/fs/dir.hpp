// SPDX-License-Identifier: Apache-2.0
//
// dir.hpp - files relative to a held directory. The only door to the file system (with read_path.hpp).
//
// A listing is a snapshot, never a contract: whatever was listed may be gone, changed or replaced when it is touched.
// So every call that touches a listed name gives an Observation, whose gone case cannot be left out. ENOENT, ENOTDIR
// and ESTALE are "vanished"; a name that turned into a link, fifo, socket or directory is "changed". Real faults throw
// Error. No call on a name follows a symbolic link, none leaves the directory: names are single components (checked).
// Thread: a Dir may be used from any thread; the file system orders the calls.
#pragma once
#include <signalfoundry/observation.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace signalfoundry::fs {

using sf::Gone;
using sf::Observation;

enum class Kind : std::uint8_t { file, directory, symlink, other };
const char* kind_name(Kind kind);  // "file", "directory", "symbolic link", "fifo, socket or device"

// What a listing says of a name. Valid during the visit.
struct Listed {
  std::string_view name;
  std::uint64_t ino;
  Kind kind;
};
struct Info {
  std::uint64_t dev = 0;
  std::uint64_t ino = 0;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::uint64_t links = 0;
  Kind kind = Kind::file;
};
struct Content {
  std::string bytes;
  Info info;
  bool whole = true;  // false: the file is larger than the limit; bytes hold its beginning
};

// A single path component: not empty, not "." or "..", no '/', no NUL, at most 255 bytes.
bool valid_name(std::string_view name);

class Dir {
 public:
  Dir() = default;
  // Opens an absolute path. It is the operator's own, from a setting or the command line, so links in it are followed.
  // Nothing: there is no such directory.
  static std::optional<Dir> open(const std::string& path);
  // As open(), making missing components with mode 0750.
  static Dir create(const std::string& path);

  explicit operator bool() const { return fd_ != nullptr; }
  const std::string& path() const { return path_; }  // for messages only
  int fd() const { return *fd_; }

  // A sub-directory, made when missing. Throws Error(io) when the name is something else.
  Dir sub(std::string_view name) const;
  // One that exists, or nothing (missing, or not a directory).
  std::optional<Dir> find_sub(std::string_view name) const;
  // "2026/11/24", each component as by sub().
  Dir sub_path(std::string_view path) const;
  // As find_sub(), over several components.
  std::optional<Dir> find_path(std::string_view path) const;

  // Calls visit for every entry but "." and "..", in directory order, until it returns false. A directory that was
  // removed while it was held has none.
  void list(const std::function<bool(const Listed&)>& visit) const;
  bool empty() const;

  Observation<Info> stat(std::string_view name) const;
  // Was anything there when it was looked at? For a sentence or a count: what is done with it next sees for itself.
  bool has(std::string_view name) const;
  // Reads a regular file, at most `limit` bytes from `offset`; opens with O_NONBLOCK, so that a fifo cannot hang it.
  Observation<Content> read(std::string_view name, std::uint64_t limit, std::uint64_t offset = 0) const;
  // rename(2) that never replaces. True: done. False: the target name is taken. Gone: the source is.
  Observation<bool> move(std::string_view name, const Dir& to, std::string_view to_name) const;
  // link(2). True: done. False: the target is taken, or this file system has no links (copy instead).
  Observation<bool> link(std::string_view name, const Dir& to, std::string_view to_name) const;
  // Copies a regular file of any size, a piece at a time. True: done. False: the target is taken. Gone: also when
  // another file took its name meanwhile. Not forced to disk; a fault leaves a part under the target's name.
  Observation<bool> copy(std::string_view name, const Dir& to, std::string_view to_name) const;
  // unlink(2). True: it was there.
  bool remove(std::string_view name) const;
  // Removes a directory with all it holds, following nothing. True: it was there.
  bool remove_tree(std::string_view name) const;
  // Makes a directory; false when the name is taken.
  bool make(std::string_view name) const;
  // rename(2) of a directory that swaps with whatever stands at the target; true when something did.
  bool exchange(std::string_view name, const Dir& to, std::string_view to_name) const;

  // Creates a file that was not there (O_EXCL) and writes it. Not forced to disk. Throws when the name is taken.
  void create_file(std::string_view name, std::string_view bytes) const;
  // Replaces a file as a whole: temporary name, fsync, rename, fsync of this directory.
  void write_file(std::string_view name, std::string_view bytes) const;
  // Appends whole lines with one write, forced to disk; creates the file when missing. A last line that a power loss
  // cut short is ended first, so that it spoils only itself.
  void append(std::string_view name, std::string_view bytes) const;

  // Forces everything written to this file system to disk: syncfs(2) on this held descriptor, which also reports any
  // write-back error since the last call (Linux 5.8).
  void sync_all() const;
  // Free bytes and inodes for this user.
  struct Space {
    std::uint64_t bytes_free;
    std::uint64_t inodes_free;
  };
  Space space() const;

 private:
  Dir(int fd, std::string path);
  std::shared_ptr<const int> fd_;
  std::string path_;
};

// An advisory lock (flock) on a file of the directory, held until destruction, and by every process that is forked
// meanwhile until it ends. The file is never unlinked.
class Lock {
 public:
  // Nothing: another process holds it. `owner` is written into the file. Throws Error(io) where the name is no regular
  // file, or this file system has no such locks.
  static std::optional<Lock> try_take(const Dir& dir, std::string_view name, const std::string& owner);
  // As try_take(), but waits until the holder lets go or dies, which ends flock(2) at once; nothing when `stop` was
  // set. Looks at `stop`, and whether the file is still the one at its name, when a signal comes and every second.
  // Thread: the only one of its process; SIGALRM is used meanwhile.
  static std::optional<Lock> wait(const Dir& dir, std::string_view name, const std::string& owner,
                                  const std::atomic<bool>& stop);
  // Is the file that is locked still the one at its name? Else somebody removed or replaced it, and another process can
  // lock the new one. [any-thread]
  bool in_place() const;
  Lock(Lock&& other) noexcept;
  Lock& operator=(Lock&&) = delete;
  ~Lock();

 private:
  Lock(Dir dir, std::string_view name);
  static std::optional<Lock> take(const Dir& dir, std::string_view name, const std::string& owner, int how);
  Dir dir_;
  std::string name_;
  int fd_;
};

}  // namespace signalfoundry::fs
