// SPDX-License-Identifier: Apache-2.0
#define BOOST_DLL_USE_STD_FS
#include "plugin/loader.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/dll/shared_library.hpp>
#include <climits>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "base/digest.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "fs/dir.hpp"
#include "plugin/gate.hpp"
#include "plugin/library_file.hpp"

namespace signalfoundry::plugin {

namespace {

constexpr const char* kSymbol = "signalfoundry_plugin";
constexpr std::size_t kLongestPath = 4096;

std::string absolute(const std::string& path) {
  if (path.starts_with('/')) return path;
  std::array<char, PATH_MAX> here{};
  if (::getcwd(here.data(), here.size()) == nullptr) return path;
  return std::string(here.data()) + "/" + path;
}

// With links resolved; "" where there is nothing.
std::string real(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> out(::realpath(path.c_str(), nullptr), std::free);
  return out ? std::string(out.get()) : std::string();
}

// One spelling for one file: its directory resolved, its own name as it is, so that a link is seen as one.
std::string full_path(const std::string& path) {
  std::string given = absolute(path);
  const auto slash = given.rfind('/');
  const std::string folder = real(given.substr(0, slash + 1));
  if (folder.empty()) return given;
  return (folder == "/" ? "" : folder) + given.substr(slash);
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> out;
  for (;;) {
    const auto end = text.find(separator);
    out.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

// "/usr" of "/usr/bin/signalfoundry".
std::string prefix_of_program() {
  // Not realpath(): a folder above may be closed to this user.
  std::array<char, kLongestPath> link{};
  const auto size = ::readlink("/proc/self/exe", link.data(), link.size());
  const std::string program(link.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  const auto folder = program.rfind('/');
  const auto above = folder == std::string::npos ? folder : program.rfind('/', folder - 1);
  return above == std::string::npos ? std::string() : program.substr(0, above);
}

struct LeftOut {
  std::string id;
  std::string sentence;
};
struct Found {
  std::vector<Candidate> plugins;
  std::vector<LeftOut> left_out;
};

void look_into(const std::string& place, Found& found) {
  const auto dir = fs::Dir::open(place);
  if (!dir) return;
  dir->list([&](const fs::Listed& listed) {
    const std::string name(listed.name);
    if (name.size() <= kSuffix.size() || !name.ends_with(kSuffix)) return true;
    const std::string id = name.substr(0, name.size() - kSuffix.size());
    const std::string path = place + "/" + name;
    if (auto why = why_left_out(dir->fd(), path); !why.empty())
      found.left_out.push_back({id, std::move(why)});
    else
      found.plugins.push_back({id, path});
    return true;
  });
}

Found look(const std::vector<std::string>& path) {
  Found all;
  std::map<std::string, std::string> first;
  std::set<std::string> places;  // a directory that is named twice, by a link perhaps, is looked into once
  for (const auto& folder : path) {
    const std::string place = real(folder);
    if (place.empty() || !places.insert(place).second) continue;
    Found here;
    try {
      look_into(place, here);
    } catch (const Error& error) {
      here.left_out.push_back({"", error.what()});
    }
    std::move(here.left_out.begin(), here.left_out.end(), std::back_inserter(all.left_out));
    for (auto& plugin : here.plugins) {
      const auto [it, fresh] = first.emplace(plugin.id, plugin.path);
      if (!fresh)
        all.left_out.push_back(
            {plugin.id,
             refusal(plugin.path, "hidden by " + printable(it->second, kLongestPath), "Remove one of the two").what()});
      else
        all.plugins.push_back(std::move(plugin));
    }
  }
  std::sort(all.plugins.begin(), all.plugins.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return all;
}

// What dlopen said, out of Boost's text, which goes on with an errno that means nothing.
std::string dlerror_part(const std::string& text) {
  static constexpr std::string_view kStart = "(dlerror system message: ";
  const auto start = text.find(kStart);
  const auto end = text.rfind(')');
  if (start == std::string::npos || end == std::string::npos || end < start) return text;
  return text.substr(start + kStart.size(), end - start - kStart.size());
}

// The text between two marks, or nothing. Not by std::regex, whose recursion a hostile symbol's length would exhaust.
std::optional<std::string> between(const std::string& text, std::string_view from, std::string_view to) {
  const auto start = text.find(from);
  if (start == std::string::npos) return std::nullopt;
  const auto end = text.find_first_of(to, start + from.size());
  return text.substr(start + from.size(), end == std::string::npos ? end : end - start - from.size());
}

// The sentence for what dlopen said of this file.
Error not_loadable(const std::string& path, std::string said) {
  static constexpr std::string_view kMissing = ": cannot open shared object file";
  if (said.starts_with(path + ": ")) said.erase(0, path.size() + 2);
  if (const auto symbol = between(said, "undefined symbol: ", ", \n"))
    return refusal(
        path, "undefined symbol: " + printable(*symbol),
        "It was linked without a library that it uses: build it with signalfoundry_add_plugin() and name the "
        "library in LIBS");
  if (const auto end = said.find(kMissing); end != std::string::npos && end > 0)
    return refusal(path, fmt::format("needs the shared library {}, which is not found", printable(said.substr(0, end))),
                   "Install it, or put it beside the plugin");
  if (const auto version = between(said, "version `", "'"))
    return refusal(path,
                   fmt::format("needs {}; this system has glibc {}, or a C++ library that is older than the one it "
                               "was built with",
                               printable(*version), ::gnu_get_libc_version()),
                   "Build it on this system or an older one");
  return refusal(path, "cannot be loaded: " + printable(said, 500), "Install the plugin again, or ask its vendor");
}

// Never unloaded: threads, thread_local destructors and STB_GNU_UNIQUE symbols outlive any dlclose
// (docs/adr/0001-c-abi.md). The map is leaked, so that no static destructor closes them either.
struct Loaded {
  boost::dll::shared_library library;
  std::optional<Plugin> plugin;
  std::optional<Error> refused;  // once its code is in the process, another file under this path would not be loaded
};
std::map<std::string, Loaded>& loaded() {
  static auto* const map = new std::map<std::string, Loaded>;
  return *map;
}

void open_library(const std::string& path, boost::dll::shared_library& library) {
  namespace dll = boost::dll;
  const auto mode =
      dll::load_mode::rtld_now | dll::load_mode::rtld_local | static_cast<dll::load_mode::type>(RTLD_NODELETE);
  try {
    library.load(dll::fs::path(path), mode);
  } catch (const dll::fs::system_error& error) {
    throw not_loadable(path, dlerror_part(error.what()));
  } catch (...) {  // thrown by a constructor; dlopen is declared not to throw, so g++ ends the program instead
    throw refusal(path, "threw an exception while it was loaded", "Ask its vendor");
  }
}

// Whether the path still names what was read.
bool same_file(const std::string& path, const LibraryFile& file) {
  const auto slash = path.rfind('/');
  const auto dir = fs::Dir::open(real(path.substr(0, slash + 1)));
  if (!dir) return false;
  return dir->stat(path.substr(slash + 1))
      .match(
          [&](const fs::Info& now) {
            return now.dev == file.dev && now.ino == file.ino && now.mtime_ns == file.mtime_ns &&
                   now.size == file.bytes.size();
          },
          [](fs::Gone) { return false; });
}

// The entry, and how large its symbol is. It has to be this file's own: dlsym also looks into the libraries it needs.
std::pair<const sf_plugin_entry*, std::size_t> entry_of(const std::string& path,
                                                        const boost::dll::shared_library& library) {
  if (!library.has(kSymbol))
    throw refusal(path, "is not a SignalFoundry plugin (it exports no signalfoundry_plugin)",
                  "Build it with signalfoundry_add_plugin() and end it with SF_TRIAGE_PLUGIN or one of its siblings");
  const auto* entry = &library.get<const sf_plugin_entry>(kSymbol);
  Dl_info info{};
  void* extra = nullptr;
  if (::dladdr1(entry, &info, &extra, RTLD_DL_SYMENT) == 0 || extra == nullptr || info.dli_fname == nullptr)
    throw refusal(path, "its entry is not within a library", "Ask its vendor");
  if (path != info.dli_fname)
    throw refusal(path,
                  "its entry comes from " + printable(info.dli_fname, kLongestPath) + ", not from the file itself",
                  "Name that plugin, or ask this one's vendor");
  return {entry, static_cast<const ElfW(Sym)*>(extra)->st_size};
}

}  // namespace

std::vector<std::string> search_path(const std::vector<std::string>& given,
                                     const std::vector<std::string>& configured) {
  std::vector<std::string> out;
  std::set<std::string> seen;
  const auto add = [&](const std::string& folder) {
    const auto full = absolute(folder);
    if (!folder.empty() && seen.insert(full).second) out.push_back(full);
  };
  for (const auto& folder : given) add(folder);
  for (const auto& folder : configured) add(folder);
  if (const char* variable = std::getenv("SIGNALFOUNDRY_PLUGIN_PATH"))
    for (const auto& folder : split(variable, ':'))
      if (folder != ".") add(folder);
  const std::string prefix = prefix_of_program();
  add(prefix + "/plugins");
  for (const char* lib :
       {"/lib", "/lib64", "/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/lib/riscv64-linux-gnu"})
    add(prefix + lib + "/signalfoundry/plugins");
  return out;
}

std::vector<Candidate> find_all(const std::vector<std::string>& path) {
  auto found = look(path);
  for (const auto& one : found.left_out) log::warn("plugins", one.sentence);
  return std::move(found.plugins);
}

std::string find(const std::string& id, const std::vector<std::string>& path) {
  if (id.find('/') != std::string::npos) return full_path(id);
  const auto found = look(path);
  for (const auto& plugin : found.plugins)
    if (plugin.id == id) return plugin.path;
  for (const auto& one : found.left_out)
    if (one.id == id) throw Error(Exit::config, one.sentence);
  std::vector<std::string> ids;
  ids.reserve(found.plugins.size());
  for (const auto& plugin : found.plugins) ids.push_back(plugin.id);
  std::vector<std::string> folders;
  folders.reserve(path.size());
  for (const auto& folder : path) folders.push_back(printable(folder, kLongestPath));
  const std::string near = suggest(id, ids);
  throw Error(Exit::config,
              fmt::format("no plugin \"{}\" in {}. {}", printable(id),
                          folders.empty() ? "any directory" : fmt::format("{}", fmt::join(folders, ", ")),
                          near.empty() ? "Run \"signalfoundry plugin list\", or say where it is with --plugin-dir."
                                       : fmt::format("Did you mean \"{}\"?", printable(near))));
}

const Plugin& load(const std::string& given) {
  const std::string path = full_path(given);
  auto& one = loaded()[path];
  if (one.plugin) return *one.plugin;
  if (one.refused) throw Error(*one.refused);
  const LibraryFile file = read_library(path);
  check_elf(path, file.bytes);
  open_library(path, one.library);
  try {
    if (!same_file(path, file))
      throw refusal(path, "was removed or replaced while it was loaded", "Run the command again");
    const auto [entry, size] = entry_of(path, one.library);
    Plugin plugin = check_entry(path, entry, size);
    plugin.path = path;
    plugin.sha256 = sha256_hex(file.bytes);
    return one.plugin.emplace(std::move(plugin));
  } catch (const Error& error) {
    one.refused = error;
    throw;
  }
}

}  // namespace signalfoundry::plugin
