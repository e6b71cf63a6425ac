// SPDX-License-Identifier: Apache-2.0
//
// Goal: a file that is no plugin of this machine is refused with one sentence before any of its code runs, and nothing
// that stands under such a name makes the loader wait or die.
#include "plugin/library_file.hpp"

#include <elf.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstring>

#include "plugin_files.hpp"
#include "support/catch.h"

namespace {

const std::string kRegular = " A plugin is a regular file named <id>.sfplugin.so; name that file itself.";
const std::string kChown =
    " Plugins run as part of this program: take write permission away from others (chmod o-w) and let "
    "root or the user that runs this own it.";

std::string machine() {
  utsname system{};
  ::uname(&system);
  return system.machine;
}

// A good plugin with some bytes of its header changed.
template <class T>
std::string patched(const TempDir& dir, std::size_t offset, T value) {
  const auto path = install(dir, "c_triage");
  auto bytes = dir.read("c_triage.sfplugin.so");
  std::memcpy(bytes.data() + offset, &value, sizeof value);
  return refused(dir.write("c_triage.sfplugin.so", bytes));
}

}  // namespace

TEST_CASE("library file: only *.sfplugin.so is a plugin's name") {
  const TempDir dir;
  const std::string said = "is not named <id>.sfplugin.so. Rename it, or name the plugin itself.";
  CHECK(refused(install(dir, "c_triage", "c_triage.sfplugin.so.bak")) == said);
  CHECK(refused(install(dir, "c_triage", "c_triage.so")) == said);
  CHECK(refused(install(dir, "c_triage", ".sfplugin.so")) == said);
}

TEST_CASE("library file: what is missing or no regular file is said to be so, at once") {
  const TempDir dir;
  const std::string gone =
      "there is no such file. If it was listed a moment ago, someone removed it; install it again.";
  CHECK(refused(dir / "none.sfplugin.so") == gone);
  CHECK(refused(dir / "no/dir/none.sfplugin.so") == gone);

  dir.make("folder.sfplugin.so");
  CHECK(refused(dir / "folder.sfplugin.so") == "is a directory." + kRegular);

  const std::string fifo = dir / "fifo.sfplugin.so";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(refused(fifo) == "is a fifo." + kRegular);

  const std::string link = dir / "link.sfplugin.so";
  REQUIRE(::symlink(install(dir, "c_triage").c_str(), link.c_str()) == 0);
  CHECK(refused(link) == "is a symbolic link." + kRegular);

  const std::string dangling = dir / "dangling.sfplugin.so";
  REQUIRE(::symlink("nowhere", dangling.c_str()) == 0);
  CHECK(refused(dangling) == "is a symbolic link." + kRegular);

  const std::string socket_path = dir / "socket.sfplugin.so";
  const int socket_fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::strncpy(name.sun_path, socket_path.c_str(), sizeof name.sun_path - 1);
  REQUIRE(::bind(socket_fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
  ::close(socket_fd);
  CHECK(refused(socket_path) == "is a socket or device." + kRegular);
}

TEST_CASE("library file: one that this user may not read is refused") {
  const TempDir dir;
  ::chmod(dir.path().c_str(), 0755);
  const auto path = install(dir, "c_triage");
  ::chmod(path.c_str(), 0);
  const uid_t me = ::geteuid();
  if (me == 0) REQUIRE(::seteuid(65534) == 0);
  const auto said = refused(path);
  if (me == 0) REQUIRE(::seteuid(0) == 0);
  CHECK(said == "may not be read by this user. Give the user that runs this read permission (chmod o+r).");
}

TEST_CASE("library file: one that others may change is refused, and so is one in a directory of that kind") {
  const TempDir dir;
  const auto path = install(dir, "c_triage");
  ::chmod(path.c_str(), 0757);
  CHECK(refused(path) == "may be changed by anyone (mode 0757)." + kChown);
  ::chmod(path.c_str(), 0755);
  ::chmod(dir.path().c_str(), 01777);
  CHECK(refused(path) == "its directory may be changed by anyone (mode 1777)." + kChown);
  if (::geteuid() == 0) {
    ::chmod(dir.path().c_str(), 0755);
    REQUIRE(::chown(path.c_str(), 54321, 0) == 0);
    CHECK(refused(path) == "belongs to user 54321, who is neither root nor the user that runs this." + kChown);
  }
}

TEST_CASE("library file: what is no shared library of this machine is named for what it is") {
  const TempDir dir;
  const auto file = [&](std::string_view bytes) { return refused(dir.write("x.sfplugin.so", bytes)); };
  const std::string remove = " It is not a plugin; remove it or install the plugin again.";
  CHECK(file("") == "is empty. Install the plugin again.");
  CHECK(file("#!/bin/sh\necho hello\n") == "is a script, not a shared library." + remove);
  CHECK(file("not a library at all") == "is not a shared library (no ELF header)." + remove);
  CHECK(file(std::string("\x7f"
                         "ELF\x02\x01\x01",
                         7)) == "is cut short at 7 bytes. Install the plugin again.");

  CHECK(patched<std::uint8_t>(dir, EI_CLASS, ELFCLASS32) ==
        "is a 32-bit library. Build it for this machine, which is 64-bit.");
  std::filesystem::remove(dir / "c_triage.sfplugin.so");
  CHECK(patched<std::uint8_t>(dir, EI_DATA, ELFDATA2MSB) ==
        "is a big-endian library. Build it for this machine, which is little-endian.");
  std::filesystem::remove(dir / "c_triage.sfplugin.so");
  CHECK(patched<std::uint16_t>(dir, offsetof(Elf64_Ehdr, e_machine), EM_S390) ==
        "is built for s390x. Build it for this machine, which is " + machine() + ".");
  std::filesystem::remove(dir / "c_triage.sfplugin.so");
  CHECK(patched<std::uint16_t>(dir, offsetof(Elf64_Ehdr, e_type), ET_REL) ==
        "is an ELF file, but no shared library." + remove);
}

TEST_CASE("library file: a library that is cut short anywhere is refused, never mapped") {
  const TempDir dir;
  install(dir, "c_triage");
  const auto bytes = dir.read("c_triage.sfplugin.so");
  for (std::size_t size = 64; size < bytes.size(); size += bytes.size() / 37) {
    const auto path = dir.write("c_triage.sfplugin.so", bytes.substr(0, size));
    CHECK(refused(path) == "is cut short at " + std::to_string(size) + " bytes. Install the plugin again.");
  }
  const auto path = dir.write("c_triage.sfplugin.so", bytes.substr(0, bytes.size() - 1));
  CHECK(refused(path) == "is cut short at " + std::to_string(bytes.size() - 1) + " bytes. Install the plugin again.");
}

TEST_CASE("library file: a hostile name is printed escaped") {
  const TempDir dir;
  const std::string path = dir / "bell\x07.sfplugin.so";
  CHECK_THROWS_WITH(
      signalfoundry::plugin::load(path),
      dir / "bell\\x07.sfplugin.so" +
          ": there is no such file. If it was listed a moment ago, someone removed it; install it again.");
}
