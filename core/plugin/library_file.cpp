// SPDX-License-Identifier: Apache-2.0
#include "plugin/library_file.hpp"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

#include "base/text.hpp"

namespace signalfoundry::plugin {

namespace {

constexpr std::size_t kLargest = 512U << 20U;
constexpr std::size_t kLongestPath = 4096;

#if defined(__x86_64__)
constexpr unsigned kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr unsigned kMachine = EM_RISCV;
#else
constexpr unsigned kMachine = EM_NONE;  // not checked here; dlopen does
#endif
static_assert(sizeof(void*) == 8, "the plugin ABI is for 64-bit machines");

struct Descriptor {
  int fd;
  explicit Descriptor(int f) : fd(f) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

// Whoever owns this program can run code as us already.
uid_t program_owner() {
  const Descriptor self(::open("/proc/self/exe", O_PATH | O_CLOEXEC));
  struct stat s {};
  return self.fd >= 0 && ::fstat(self.fd, &s) == 0 ? s.st_uid : 0;
}

std::string distrust(const struct stat& s) {
  if ((s.st_mode & S_IWOTH) != 0) return fmt::format("may be changed by anyone (mode {:04o})", s.st_mode & 07777U);
  if (s.st_uid != 0 && s.st_uid != ::geteuid() && s.st_uid != program_owner())
    return fmt::format("belongs to user {}, who is neither root nor the user that runs this", s.st_uid);
  return {};
}

std::string distrust(int fd) {
  struct stat s {};
  if (::fstat(fd, &s) != 0) return "cannot be looked at: " + std::generic_category().message(errno);
  return distrust(s);
}

const char* kind(mode_t mode) {
  if (S_ISDIR(mode)) return "is a directory";
  if (S_ISLNK(mode)) return "is a symbolic link";
  if (S_ISFIFO(mode)) return "is a fifo";
  return "is a socket or device";
}

constexpr const char* kChown =
    "Plugins run as part of this program: take write permission away from others (chmod o-w) "
    "and let root or the user that runs this own it";
constexpr const char* kRegular = "A plugin is a regular file named <id>.sfplugin.so; name that file itself";

Error unreadable(const std::string& path, int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
    case ESTALE:
      return refusal(path, "there is no such file",
                     "If it was listed a moment ago, someone removed it; install it again");
    case ELOOP:
      return refusal(path, kind(S_IFLNK), kRegular);
    case ENXIO:
      return refusal(path, kind(S_IFSOCK), kRegular);
    case EACCES:
    case EPERM:
      return refusal(path, "may not be read by this user", "Give the user that runs this read permission (chmod o+r)");
    default:
      return refusal(path, "cannot be read: " + std::generic_category().message(error_number),
                     "Look at the disk and the kernel's log");
  }
}

std::string read_all(int fd, const std::string& path, std::size_t expected) {
  std::string bytes(expected + 1, '\0');
  std::size_t used = 0;
  for (;;) {
    if (used == bytes.size()) bytes.resize(bytes.size() * 2);
    const ssize_t got = ::read(fd, bytes.data() + used, bytes.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw unreadable(path, errno);
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
    if (used > kLargest) throw refusal(path, "is larger than 512 MiB", "That is no plugin; remove it");
  }
  bytes.resize(used);
  return bytes;
}

// A struct at an offset of the file, or nothing when the file ends before it does.
template <class T>
std::optional<T> at(std::string_view bytes, std::uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T out;
  std::memcpy(&out, bytes.data() + offset, sizeof out);
  return out;
}

std::string machine_name(unsigned machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86_64";
    case EM_AARCH64:
      return "aarch64";
    case EM_RISCV:
      return "riscv64";
    case EM_386:
      return "i386";
    case EM_ARM:
      return "arm";
    case EM_PPC64:
      return "ppc64";
    case EM_S390:
      return "s390x";
    default:
      return fmt::format("machine {}", machine);
  }
}

// Whether every segment that the loader maps lies within the file.
bool whole(const Elf64_Ehdr& header, std::string_view bytes) {
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    const auto segment = at<Elf64_Phdr>(bytes, header.e_phoff + std::uint64_t{i} * sizeof(Elf64_Phdr));
    if (!segment) return false;
    const bool fits = segment->p_offset <= bytes.size() && segment->p_filesz <= bytes.size() - segment->p_offset;
    if (segment->p_type == PT_LOAD && !fits) return false;
  }
  const std::uint64_t sections = std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr);
  return header.e_shoff == 0 || (header.e_shoff <= bytes.size() && sections <= bytes.size() - header.e_shoff);
}

}  // namespace

Error refusal(const std::string& path, const std::string& reason, const std::string& advice) {
  return {Exit::config, fmt::format("{}: {}. {}.", printable(path, kLongestPath), reason, advice)};
}

std::string why_left_out(int dir_fd, const std::string& path) {
  if (const auto why = distrust(dir_fd); !why.empty()) return refusal(path, "its directory " + why, kChown).what();
  const Descriptor file(::openat(dir_fd, path.c_str() + path.rfind('/') + 1, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat s {};
  if (file.fd < 0 || ::fstat(file.fd, &s) != 0) return unreadable(path, errno).what();
  if (!S_ISREG(s.st_mode)) return refusal(path, kind(s.st_mode), kRegular).what();
  const auto why = distrust(s);
  return why.empty() ? why : refusal(path, why, kChown).what();
}

// The one place outside core/fs that opens files: the descriptor that is checked has to be the one that is read, with
// no link followed, and core/fs tells neither owner nor mode.
LibraryFile read_library(const std::string& path) {
  const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
  if (name.size() <= kSuffix.size() || !name.ends_with(kSuffix))
    throw refusal(path, "is not named <id>.sfplugin.so", "Rename it, or name the plugin itself");
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (file.fd < 0) throw unreadable(path, errno);
  struct stat s {};
  if (::fstat(file.fd, &s) != 0) throw unreadable(path, errno);
  if (!S_ISREG(s.st_mode)) throw refusal(path, kind(s.st_mode), kRegular);
  if (const auto why = distrust(s); !why.empty()) throw refusal(path, why, kChown);
  const std::string parent = path.substr(0, path.rfind('/') + 1);
  const Descriptor dir(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (const auto why = distrust(dir.fd); !why.empty()) throw refusal(path, "its directory " + why, kChown);
  return {read_all(file.fd, path, static_cast<std::size_t>(s.st_size)), s.st_dev, s.st_ino,
          s.st_mtim.tv_sec * 1'000'000'000LL + s.st_mtim.tv_nsec};
}

void check_elf(const std::string& path, std::string_view bytes) {
  static constexpr const char* kNoLibrary = "It is not a plugin; remove it or install the plugin again";
  if (bytes.empty()) throw refusal(path, "is empty", "Install the plugin again");
  if (bytes.starts_with("#!")) throw refusal(path, "is a script, not a shared library", kNoLibrary);
  if (!bytes.starts_with(std::string_view(ELFMAG, SELFMAG)))
    throw refusal(path, "is not a shared library (no ELF header)", kNoLibrary);
  const auto header = at<Elf64_Ehdr>(bytes, 0);
  const std::string cut = fmt::format("is cut short at {} bytes", bytes.size());
  if (!header) throw refusal(path, cut, "Install the plugin again");
  if (header->e_ident[EI_CLASS] != ELFCLASS64)
    throw refusal(path, "is a 32-bit library", "Build it for this machine, which is 64-bit");
  if (header->e_ident[EI_DATA] != ELFDATA2LSB)
    throw refusal(path, "is a big-endian library", "Build it for this machine, which is little-endian");
  if (kMachine != EM_NONE && header->e_machine != kMachine)
    throw refusal(path, "is built for " + machine_name(header->e_machine),
                  "Build it for this machine, which is " + machine_name(kMachine));
  if (header->e_type != ET_DYN) throw refusal(path, "is an ELF file, but no shared library", kNoLibrary);
  if (header->e_phentsize != sizeof(Elf64_Phdr) || !whole(*header, bytes))
    throw refusal(path, cut, "Install the plugin again");
}

}  // namespace signalfoundry::plugin
