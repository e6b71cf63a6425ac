// SPDX-License-Identifier: Apache-2.0
//
// The host's side of sf.fs/1: held directories, observations, and trees that appear complete or not at all.
#include <fmt/format.h>

#include <atomic>

#include "base/error.hpp"
#include "base/text.hpp"
#include "plugin/host.hpp"

namespace signalfoundry::plugin {

namespace {

constexpr std::uint64_t kWholeFileMax = 64U << 20U;

std::string_view text_of(sf_str s) {
  return s.data == nullptr ? std::string_view() : std::string_view(s.data, s.size);
}
const fs::Dir& dir_of(const sf_dir* dir) {
  return *reinterpret_cast<const fs::Dir*>(dir);
}
Host::Tree& tree_of(sf_tree* tree) {
  return *reinterpret_cast<Host::Tree*>(tree);
}

std::string_view checked(sf_str name) {
  if (!fs::valid_name(text_of(name)))
    throw Error(Exit::config, "\"" + printable(text_of(name)) + "\" is not a single file name");
  return text_of(name);
}

sf_status gone(Host& host, fs::Gone what) {
  (what == fs::Gone::vanished ? host.shared.vanished : host.shared.changed).fetch_add(1);
  return what == fs::Gone::vanished ? SF_VANISHED : SF_CHANGED;
}

// Nothing: no such directory. The setting's own path is the operator's; below it no link is followed.
std::optional<fs::Dir> below(const fs::Dir& dir, std::string_view path) {
  for (auto rest = path;;) {
    const auto slash = rest.find('/');
    if (!fs::valid_name(rest.substr(0, slash)))
      throw Error(Exit::config, "\"" + printable(path) + "\" is not a path of single names");
    if (slash == std::string_view::npos) return dir.find_path(path);
    rest.remove_prefix(slash + 1);
  }
}

std::optional<fs::Dir> named_dir(const Host& host, std::string_view which) {
  const auto& dirs = host.shared.queue->dirs();
  if (which == "state") return dirs.root;
  if (which == "cases") return dirs.cases;
  if (which == "packs") return dirs.packs;
  if (which == "quarantine") return dirs.quarantine;
  const bool parent = which.starts_with("parent:");
  if (!parent && !which.starts_with("setting:"))
    throw Error(Exit::config, "there is no directory \"" + printable(which) + "\"");
  const auto key = which.substr(which.find(':') + 1);
  const auto slash = std::min(key.find('/'), key.size());
  const auto it = host.stage.paths.find(std::string(key.substr(0, slash)));
  if (it == host.stage.paths.end())
    throw Error(Exit::config, "\"" + printable(which) + "\" names no setting marked x-sf-path");
  std::string path = it->second;
  if (parent) path.resize(std::max<std::size_t>(path.find_last_of('/'), 1));
  const auto dir = fs::Dir::open(path);
  return dir && slash < key.size() ? below(*dir, key.substr(slash + 1)) : dir;
}

sf_status open_dir(const sf_host* host, sf_str which, const sf_dir** out, sf_error* error) {
  return answer("open_dir", error, [&]() -> sf_status {
    auto& self = Host::of(host);
    auto dir = named_dir(self, text_of(which));
    if (!dir) return SF_ABSENT;
    *out = reinterpret_cast<const sf_dir*>(&self.dirs.emplace_back(std::move(*dir)));
    return SF_OK;
  });
}

uint32_t kind_of(fs::Kind kind) {
  switch (kind) {
    case fs::Kind::file:
      return SF_FILE;
    case fs::Kind::directory:
      return SF_DIRECTORY;
    case fs::Kind::symlink:
      return SF_SYMLINK;
    default:
      return SF_OTHER;
  }
}

sf_status list(const sf_host*, const sf_dir* dir, sf_str suffix, int32_t (*visit)(void*, const sf_entry*), void* impl,
               sf_error* error) {
  return answer("list", error, [&]() -> sf_status {
    dir_of(dir).list([&](const fs::Listed& e) {
      if (!e.name.ends_with(text_of(suffix))) return true;
      const sf_entry entry{{e.name.data(), e.name.size()}, 0, e.ino, 0, 0, kind_of(e.kind), 0};
      return visit(impl, &entry) == 0;
    });
    return SF_OK;
  });
}

sf_status stat(const sf_host* host, const sf_dir* dir, sf_str name, sf_entry* out, sf_error* error) {
  return answer("stat", error, [&]() -> sf_status {
    return dir_of(dir)
        .stat(checked(name))
        .match(
            [&](const fs::Info& i) -> sf_status {
              *out = {name, i.dev, i.ino, i.size, i.mtime_ns, kind_of(i.kind), 0};
              return SF_OK;
            },
            [&](fs::Gone why) { return gone(Host::of(host), why); });
  });
}

sf_status read(const sf_host* host, const sf_dir* dir, const sf_entry* entry, uint64_t offset, uint64_t limit,
               const sf_bytes_sink* sink, sf_error* error) {
  return answer("read", error, [&]() -> sf_status {
    return dir_of(dir)
        .read(checked(entry->name), limit == 0 ? kWholeFileMax : limit, offset)
        .match(
            [&](const fs::Content& c) -> sf_status {
              if (entry->ino != 0 && entry->ino != c.info.ino) return gone(Host::of(host), fs::Gone::changed);
              if (limit == 0 && !c.whole) return SF_TOO_LARGE;
              return sink->put(sink, {c.bytes.data(), c.bytes.size()});
            },
            [&](fs::Gone why) { return gone(Host::of(host), why); });
  });
}

sf_status write_file(const sf_host*, const sf_dir* dir, sf_str name, sf_str bytes, sf_error* error) {
  return answer("write_file", error,
                [&]() -> sf_status { return dir_of(dir).write_file(checked(name), text_of(bytes)), SF_OK; });
}

sf_status append_line(const sf_host*, const sf_dir* dir, sf_str name, sf_str line, uint64_t max_bytes,
                      sf_error* error) {
  return answer("append_line", error, [&]() -> sf_status {
    const std::string file(checked(name));
    const auto size = dir_of(dir).stat(file).match([](const fs::Info& i) { return i.size; },
                                                   [](fs::Gone) { return std::uint64_t{0}; });
    if (max_bytes != 0 && size + line.size > max_bytes) {
      dir_of(dir).remove(file + ".1");
      dir_of(dir).move(file, dir_of(dir), file + ".1").match([](bool) { return true; }, [](fs::Gone) { return false; });
    }
    dir_of(dir).append(file, std::string(text_of(line)) + "\n");
    return SF_OK;
  });
}

sf_status tree_begin(const sf_host* host, const sf_dir* dir, sf_str path, sf_tree** out, sf_error* error) {
  return answer("tree_begin", error, [&]() -> sf_status {
    static std::atomic<std::uint64_t> counter{0};
    auto& self = Host::of(host);
    const auto& staging = self.shared.queue->dirs().staging;
    const std::string name = fmt::format("t{}", counter++);
    // Staging was emptied when the run started, so the name is free; if it is not, what has it is nobody's.
    if (!staging.make(name)) {
      staging.remove_tree(name);
      staging.make(name);
    }
    auto made = staging.find_sub(name);
    if (!made) throw Error(Exit::io, "cannot build " + printable(text_of(path)) + ": its staging directory vanished");
    self.trees.push_back({name, std::move(*made), &dir_of(dir), std::string(text_of(path))});
    *out = reinterpret_cast<sf_tree*>(&self.trees.back());
    return SF_OK;
  });
}

// The directory inside the tree that `name` belongs to, and its last component.
std::pair<fs::Dir, std::string> place_in(const Host::Tree& tree, std::string_view name) {
  const auto slash = name.find_last_of('/');
  if (slash == std::string_view::npos) return {tree.dir, std::string(checked({name.data(), name.size()}))};
  return {tree.dir.sub_path(name.substr(0, slash)), std::string(name.substr(slash + 1))};
}

sf_status tree_add(const sf_host*, sf_tree* tree, sf_str name, sf_str bytes, sf_error* error) {
  return answer("tree_add", error, [&]() -> sf_status {
    const auto [dir, file] = place_in(tree_of(tree), text_of(name));
    return dir.create_file(file, text_of(bytes)), SF_OK;
  });
}

sf_status tree_add_alert(const sf_host* host, sf_tree* tree, sf_str name, const sf_record* raw, sf_error* error) {
  return answer("tree_add_alert", error, [&]() -> sf_status {
    const auto& record = Record::of(raw);
    const auto [dir, file] = place_in(tree_of(tree), text_of(name));
    const bool linked = record.may_link && Host::of(host)
                                               .shared.queue->dirs()
                                               .active.link(record.active_name, dir, file)
                                               .match([](bool done) { return done; }, [](fs::Gone) { return false; });
    if (!linked) dir.create_file(file, record.alert->bytes);
    return SF_OK;
  });
}

const fs::Dir& parent_of(Host& host, const Host::Tree& tree, const std::string& path) {
  const std::string key = tree.root->path() + "/" + path;
  if (const auto it = host.parents.find(key); it != host.parents.end()) return it->second;
  if (host.parents.size() >= 16) host.parents.clear();
  return host.parents.emplace(key, tree.root->sub_path(path)).first->second;
}

void drop(Host& host, sf_tree* raw) {
  auto& tree = tree_of(raw);
  const std::string name = tree.name;
  host.trees.remove_if([&](const Host::Tree& t) { return &t == &tree; });
  host.shared.queue->dirs().staging.remove_tree(name);
}

sf_status tree_publish(const sf_host* host, sf_tree* raw, sf_error* error) {
  return answer("tree_publish", error, [&]() -> sf_status {
    auto& self = Host::of(host);
    auto& tree = tree_of(raw);
    const auto& staging = self.shared.queue->dirs().staging;
    try {
      const auto slash = tree.path.find_last_of('/');
      const fs::Dir parent =
          slash == std::string::npos ? *tree.root : parent_of(self, tree, tree.path.substr(0, slash));
      const bool replaced =
          staging.exchange(tree.name, parent, slash == std::string::npos ? tree.path : tree.path.substr(slash + 1));
      if (replaced) staging.remove_tree(tree.name);
      self.trees.remove_if([&](const Host::Tree& t) { return &t == &tree; });
    } catch (...) {
      self.parents.clear();  // one of them may have been removed or moved away: the next tree looks again
      drop(self, raw);
      throw;
    }
    return SF_OK;
  });
}

void tree_abort(const sf_host* host, sf_tree* raw) {
  answer("tree_abort", nullptr, [&]() -> sf_status { return drop(Host::of(host), raw), SF_OK; });
}

}  // namespace

const sf_fs_api kFsService{sizeof(sf_fs_api), 0,          open_dir, list,           stat,         read,      write_file,
                           append_line,       tree_begin, tree_add, tree_add_alert, tree_publish, tree_abort};

}  // namespace signalfoundry::plugin
