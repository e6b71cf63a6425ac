// SPDX-License-Identifier: Apache-2.0
//
// mock_fs.hpp - sf.fs/1 in memory, where any call on any entry can find the file gone or changed.
//
//   host.fs.put("setting:path", "a.json", "{}");
//   host.fs.inject("read", 2, Fault::vanish);        // the second read finds its file gone
//   host.fs.inject("any", 7, Fault::change);         // whatever the seventh call is
//
// A directory exists once something was put there or make_dir() was called. Listings come in no useful order, as real
// ones do. Trees are visible when they are published, and not before.
#pragma once
#include <signalfoundry/testing/mock_record.hpp>

#include <functional>
#include <map>
#include <optional>

namespace sf __attribute__((visibility("hidden"))) {
  namespace testing {

  enum class Fault {
    vanish,  // the file is gone; of a listing: all of them, right after it was handed out
    change,  // another file stands under the name; of a listing: all of them
    retry,   // the call fails with SF_RETRY (disk full, I/O error)
    denied,  // the call fails with SF_DENIED
    absent,  // open_dir answers SF_ABSENT; elsewhere as vanish
  };

  class MockFs {
   public:
    struct File {
      std::string bytes;
      uint64_t ino = 0;
      int64_t mtime_ns = 0;
      uint32_t kind = SF_FILE;
    };
    using Files =
        std::map<std::string, File, std::less<>>;  // by name; a file of a published tree: "2026/11/24/c-1/case.json"

    std::vector<std::string> calls;                       // every call: "read setting:path/a.json"
    std::vector<std::string> published;                   // "cases/2026/11/24/c-1", in order
    std::function<void(const std::string&)> before_call;  // called with each; may change the files: somebody else did
    uint64_t whole_file_limit = 64U << 20U;               // what read() with limit 0 takes
    int64_t now_ns = 1'767'225'600'000'000'000;           // given to new files, then advanced by a millisecond

    void make_dir(const std::string& which) { dirs_.try_emplace(which); }
    // Makes a file, or puts a new one (another inode) under a name that is taken.
    void put(const std::string& which, const std::string& name, std::string bytes, uint32_t kind = SF_FILE) {
      dirs_[which][name] = File{std::move(bytes), ++last_ino_, tick(), kind};
    }
    // The same file grows, under each of its names.
    void append(const std::string& which, const std::string& name, std::string_view bytes) {
      overwrite(which, name, dirs_[which][name].bytes + std::string(bytes));
    }
    // The same file is cut or rewritten in place, under each of its names.
    void overwrite(const std::string& which, const std::string& name, std::string bytes) {
      auto& file = dirs_[which][name];
      if (file.ino == 0) file.ino = ++last_ino_;
      file.bytes = std::move(bytes);
      file.mtime_ns = tick();
      const File now = file;
      for (auto& dir : dirs_)
        for (auto& other : dir.second)
          if (other.second.ino == now.ino) other.second = now;
    }
    // A second name for the same file, in place of what stands there.
    void link(const std::string& which, const std::string& from, const std::string& to) {
      const File file = dirs_[which].at(from);
      dirs_[which][to] = file;
    }
    // The same bytes under the same name in a file whose inode number was `name`'s: the number was used again.
    void give_inode(const std::string& which, const std::string& name, uint64_t ino) {
      dirs_[which].at(name).ino = ino;
    }
    void rename(const std::string& which, const std::string& from, const std::string& to) {
      auto node = dirs_[which].extract(from);
      if (node.empty()) throw std::invalid_argument("no file \"" + from + "\" in " + which);
      node.key() = to;
      dirs_[which].erase(to);
      dirs_[which].insert(std::move(node));
    }
    void remove(const std::string& which, const std::string& name) { dirs_[which].erase(name); }

    std::optional<std::string> get(const std::string& which, const std::string& name) const {
      const auto dir = dirs_.find(which);
      if (dir == dirs_.end()) return std::nullopt;
      const auto file = dir->second.find(name);
      return file == dir->second.end() ? std::nullopt : std::optional(file->second.bytes);
    }
    // Every file of a directory and its trees, by name.
    Files files(const std::string& which) const {
      const auto dir = dirs_.find(which);
      return dir == dirs_.end() ? Files{} : dir->second;
    }
    // A published tree's files, by their names inside it.
    std::map<std::string, std::string> tree(const std::string& which, const std::string& path) const {
      std::map<std::string, std::string> out;
      for (const auto& [name, file] : files(which))
        if (name.starts_with(path + "/")) out[name.substr(path.size() + 1)] = file.bytes;
      return out;
    }
    std::size_t open_trees() const noexcept { return trees_.size(); }

    // The nth (from 1, counted from now) call of this name meets the fault. Names: open_dir list stat read write_file
    // append_line tree_begin tree_add tree_add_alert tree_publish, or "any".
    void inject(const std::string& call, unsigned nth, Fault fault) {
      injections_.push_back({call, nth + (call == "any" ? total_ : counts_[call]), fault});
    }

    // ---- the host's side; plugins come here through sf.fs/1 ----
    struct Dir {
      std::string which;
      std::string below;  // "2026/Nov/": every name in it begins so
    };
    struct Tree {
      Dir* dir = nullptr;
      std::string path;
      std::map<std::string, std::string> files;
    };

    sf_status open_dir(std::string_view which, const sf_dir** out, sf_error* error) {
      const std::string name(which);
      if (const auto fault = enter("open_dir", name)) {
        if (*fault == Fault::absent || *fault == Fault::vanish) return SF_ABSENT;
        if (failing(*fault)) return fail(*fault, "open_dir", name, error);
      }
      const auto slash = std::min(name.find('/'), name.size());
      const Dir asked{name.substr(0, slash), slash < name.size() ? name.substr(slash + 1) + "/" : ""};
      if (!named(name) || (slash < name.size() && !relative(name.substr(slash + 1))))
        return detail::refuse(error, SF_INVALID, "open_dir", "no directory has the name \"" + name + "\"");
      if (!dirs_.contains(asked.which)) {
        if (!writable(name)) return SF_ABSENT;
        make_dir(name);
      }
      const auto inside = dirs_[asked.which].lower_bound(asked.below);
      if (!asked.below.empty() && (inside == dirs_[asked.which].end() || !inside->first.starts_with(asked.below)))
        return SF_ABSENT;
      auto& dir = open_[name];
      if (!dir) dir = std::make_unique<Dir>(asked);
      *out = reinterpret_cast<const sf_dir*>(dir.get());
      return SF_OK;
    }

    sf_status list(const Dir& dir, std::string_view suffix, int32_t (*visit)(void*, const sf_entry*), void* impl,
                   sf_error* error) {
      const auto fault = enter("list", dir.below.empty() ? dir.which : dir.which + "/" + dir.below);
      if (fault && failing(*fault)) return fail(*fault, "list", dir.which, error);
      const auto entries = children(dir, suffix);
      if (fault) {
        for (const auto& entry : entries) strike(*fault, dir.which, dir.below + entry.first);
      }
      for (const auto& [name, file] : entries) {
        detail::Arena arena;
        const sf_entry entry{arena.lend(name), kDevice, file.ino, 0, 0, file.kind, 0};
        const bool stop = visit(impl, &entry) != 0;
        arena.poison();
        if (stop) break;
      }
      return SF_OK;
    }

    sf_status stat(const Dir& dir, std::string_view name, sf_entry* out, sf_error* error) {
      if (const auto bad = prepare("stat", dir, name, error)) return *bad;
      const auto found = find(dir.which, dir.below + std::string(name));
      if (!found) return SF_VANISHED;
      out->dev = kDevice;
      out->ino = found->ino;
      out->size = found->bytes.size();
      out->mtime_ns = found->mtime_ns;
      out->kind = found->kind;
      out->reserved = 0;
      return SF_OK;
    }

    sf_status read(const Dir& dir, const sf_entry& entry, uint64_t offset, uint64_t limit, const sf_bytes_sink* sink,
                   sf_error* error) {
      if (const auto bad = prepare("read", dir, from_c(entry.name), error)) return *bad;
      const auto found = find(dir.which, dir.below + std::string(from_c(entry.name)));
      if (!found) return SF_VANISHED;
      if (found->kind != SF_FILE || (entry.ino != 0 && entry.ino != found->ino)) return SF_CHANGED;
      if (limit == 0 && found->bytes.size() > whole_file_limit) return SF_TOO_LARGE;
      std::string_view bytes = found->bytes;
      bytes.remove_prefix(std::min<uint64_t>(offset, bytes.size()));
      if (limit != 0) bytes = bytes.substr(0, limit);
      return bytes.empty() ? SF_OK : detail::put(sink, bytes, 1000);
    }

    sf_status write_file(const Dir& dir, std::string_view name, std::string_view bytes, sf_error* error) {
      if (const auto bad = prepare("write_file", dir, name, error)) return *bad;
      if (!writable(dir.which)) return read_only("write_file", dir, error);
      put(dir.which, std::string(name), std::string(bytes));
      return SF_OK;
    }

    sf_status append_line(const Dir& dir, std::string_view name, std::string_view line, uint64_t max, sf_error* error) {
      if (const auto bad = prepare("append_line", dir, name, error)) return *bad;
      if (!writable(dir.which)) return read_only("append_line", dir, error);
      if (line.find('\n') != std::string_view::npos)
        return detail::refuse(error, SF_INVALID, "append_line", "a line holds no line feed");
      const std::string file(name);
      const auto old = get(dir.which, file);
      if (old && max != 0 && old->size() + line.size() + 1 > max) rename(dir.which, file, file + ".1");
      append(dir.which, file, std::string(line) + "\n");
      return SF_OK;
    }

    sf_status tree_begin(const Dir& dir, std::string_view path, sf_tree** out, sf_error* error) {
      const std::string place = dir.which + "/" + std::string(path);
      if (const auto fault = enter("tree_begin", place)) return fail(*fault, "tree_begin", place, error);
      if (!writable(dir.which)) return read_only("tree_begin", dir, error);
      if (!relative(path))
        return detail::refuse(error, SF_INVALID, "tree_begin", "not a relative path: " + std::string(path));
      trees_.push_back(std::make_unique<Tree>(Tree{open_.at(dir.which).get(), std::string(path), {}}));
      *out = reinterpret_cast<sf_tree*>(trees_.back().get());
      return SF_OK;
    }

    sf_status tree_add(Tree& tree, const char* call, std::string_view name, std::string_view bytes, sf_error* error) {
      const std::string place = tree.path + "/" + std::string(name);
      if (const auto fault = enter(call, place)) return fail(*fault, call, place, error);
      if (!relative(name)) return detail::refuse(error, SF_INVALID, call, "not a relative path: " + std::string(name));
      if (!tree.files.emplace(name, bytes).second)
        return detail::refuse(error, SF_INVALID, call, "\"" + std::string(name) + "\" is in the tree already");
      return SF_OK;
    }

    sf_status tree_publish(Tree* tree, sf_error* error) {
      const std::string place = tree->dir->which + "/" + tree->path;
      const Tree done = *tree;
      drop(tree);
      if (const auto fault = enter("tree_publish", place)) return fail(*fault, "tree_publish", place, error);
      auto& files = dirs_[done.dir->which];
      std::erase_if(files, [&](const auto& file) { return file.first.starts_with(done.path + "/"); });
      for (const auto& [name, bytes] : done.files) put(done.dir->which, done.path + "/" + name, bytes);
      published.push_back(place);
      return SF_OK;
    }

    void tree_abort(Tree* tree) {
      calls.push_back("tree_abort " + tree->dir->which + "/" + tree->path);
      drop(tree);
    }

   private:
    static constexpr uint64_t kDevice = 77;
    struct Injection {
      std::string call;
      unsigned at;
      Fault fault;
    };

    static bool writable(std::string_view which) {
      return which == "state" || which == "cases" || which == "packs" || which == "quarantine";
    }
    static bool named(std::string_view which) {
      return writable(which) || which.starts_with("setting:") || which.starts_with("parent:");
    }
    static bool component(std::string_view name) {
      return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos &&
             name.find('\0') == std::string_view::npos;
    }
    static bool relative(std::string_view path) {
      for (;;) {
        const auto slash = path.find('/');
        if (!component(path.substr(0, slash))) return false;
        if (slash == std::string_view::npos) return true;
        path.remove_prefix(slash + 1);
      }
    }
    static bool failing(Fault fault) { return fault == Fault::retry || fault == Fault::denied; }
    // For a call that has no outcome "gone", every fault is an error.
    static sf_status fail(Fault fault, const char* call, const std::string& place, sf_error* error) {
      if (fault == Fault::denied) return detail::refuse(error, SF_DENIED, call, place + ": permission denied");
      return detail::refuse(error, SF_RETRY, call, place + ": no space left on device");
    }
    static sf_status read_only(const char* call, const Dir& dir, sf_error* error) {
      return detail::refuse(error, SF_DENIED, call, "\"" + dir.which + "\" is read only");
    }

    int64_t tick() { return now_ns += 1'000'000; }

    // Counts the call and gives the fault that is due, if any.
    std::optional<Fault> enter(const std::string& call, const std::string& place) {
      calls.push_back(call + " " + place);
      if (before_call) before_call(calls.back());
      const unsigned mine = ++counts_[call];
      ++total_;
      for (auto it = injections_.begin(); it != injections_.end(); ++it) {
        if (!(it->call == "any" && it->at == total_) && !(it->call == call && it->at == mine)) continue;
        const Fault fault = it->fault;
        injections_.erase(it);
        return fault;
      }
      return std::nullopt;
    }

    void strike(Fault fault, const std::string& which, const std::string& name) {
      auto& files = dirs_[which];
      const auto it = files.find(name);
      if (it == files.end()) return;
      if (fault == Fault::change)
        put(which, name, "another file's bytes", it->second.kind);
      else
        files.erase(it);
    }

    // The common start of a call on one name: its fault, then the name itself.
    std::optional<sf_status> prepare(const char* call, const Dir& dir, std::string_view name, sf_error* error) {
      const std::string place = dir.which + "/" + dir.below + std::string(name);
      const auto fault = enter(call, place);
      if (!component(name))
        return detail::refuse(error, SF_INVALID, call, "not one name: \"" + std::string(name) + "\"");
      if (!fault) return std::nullopt;
      if (failing(*fault)) return fail(*fault, call, place, error);
      strike(*fault, dir.which, dir.below + std::string(name));
      return std::nullopt;
    }

    // A file, or a directory that trees have made.
    std::optional<File> find(const std::string& which, std::string_view name) const {
      const auto& files = dirs_.at(which);
      if (const auto it = files.find(name); it != files.end()) return it->second;
      const std::string prefix = std::string(name) + "/";
      const auto it = files.lower_bound(prefix);
      if (it == files.end() || !it->first.starts_with(prefix)) return std::nullopt;
      return File{"", it->second.ino + 1'000'000, it->second.mtime_ns, SF_DIRECTORY};
    }

    std::vector<std::pair<std::string, File>> children(const Dir& dir, std::string_view suffix) const {
      std::map<std::pair<std::size_t, std::string>, File> shuffled;
      for (const auto& one : dirs_.at(dir.which)) {
        if (!one.first.starts_with(dir.below)) continue;
        const auto path = one.first.substr(dir.below.size());
        const auto name = path.substr(0, path.find('/'));
        if (name.ends_with(suffix))
          shuffled[{std::hash<std::string>{}(name), name}] = *find(dir.which, dir.below + name);
      }
      std::vector<std::pair<std::string, File>> out;
      for (auto& [key, file] : shuffled) out.emplace_back(key.second, std::move(file));
      return out;
    }

    void drop(Tree* tree) {
      std::erase_if(trees_, [&](const auto& one) { return one.get() == tree; });
    }

    std::map<std::string, Files> dirs_;
    std::map<std::string, std::unique_ptr<Dir>> open_;
    std::vector<std::unique_ptr<Tree>> trees_;
    std::vector<Injection> injections_;
    std::map<std::string, unsigned> counts_;
    unsigned total_ = 0;
    uint64_t last_ino_ = 100;
  };

  namespace detail {

  inline const MockFs::Dir& dir_of(const sf_dir* dir) {
    return *reinterpret_cast<const MockFs::Dir*>(dir);
  }
  inline MockFs::Tree* tree_of(sf_tree* tree) {
    return reinterpret_cast<MockFs::Tree*>(tree);
  }

  inline sf_status fs_open_dir(const sf_host* host, sf_str which, const sf_dir** out, sf_error* error) {
    return parts(host).fs->open_dir(from_c(which), out, error);
  }
  inline sf_status fs_list(const sf_host* host, const sf_dir* dir, sf_str suffix,
                           int32_t (*visit)(void* impl, const sf_entry* entry), void* impl, sf_error* error) {
    return parts(host).fs->list(dir_of(dir), from_c(suffix), visit, impl, error);
  }
  inline sf_status fs_stat(const sf_host* host, const sf_dir* dir, sf_str name, sf_entry* out, sf_error* error) {
    out->name = name;
    return parts(host).fs->stat(dir_of(dir), from_c(name), out, error);
  }
  inline sf_status fs_read(const sf_host* host, const sf_dir* dir, const sf_entry* entry, uint64_t offset,
                           uint64_t limit, const sf_bytes_sink* sink, sf_error* error) {
    return parts(host).fs->read(dir_of(dir), *entry, offset, limit, sink, error);
  }
  inline sf_status fs_write_file(const sf_host* host, const sf_dir* dir, sf_str name, sf_str bytes, sf_error* error) {
    return parts(host).fs->write_file(dir_of(dir), from_c(name), from_c(bytes), error);
  }
  inline sf_status fs_append_line(const sf_host* host, const sf_dir* dir, sf_str name, sf_str line, uint64_t max_bytes,
                                  sf_error* error) {
    return parts(host).fs->append_line(dir_of(dir), from_c(name), from_c(line), max_bytes, error);
  }
  inline sf_status fs_tree_begin(const sf_host* host, const sf_dir* dir, sf_str path, sf_tree** out, sf_error* error) {
    auto& p = parts(host);
    if (p.phase != Phase::batch && p.phase != Phase::none) {
      p.misuse("sf.fs/1 tree_begin: only in batch()");
      return refuse(error, SF_INVALID, "tree_begin", "trees are built in batch() only");
    }
    return p.fs->tree_begin(dir_of(dir), from_c(path), out, error);
  }
  inline sf_status fs_tree_add(const sf_host* host, sf_tree* tree, sf_str name, sf_str bytes, sf_error* error) {
    return parts(host).fs->tree_add(*tree_of(tree), "tree_add", from_c(name), from_c(bytes), error);
  }
  inline sf_status fs_tree_add_alert(const sf_host* host, sf_tree* tree, sf_str name, const sf_record* record,
                                     sf_error* error) {
    const auto* alert = live(record, "tree_add_alert");
    if (alert == nullptr) return refuse(error, SF_INVALID, "tree_add_alert", "the record's hook has returned");
    return parts(host).fs->tree_add(*tree_of(tree), "tree_add_alert", from_c(name), alert->content->bytes, error);
  }
  inline sf_status fs_tree_publish(const sf_host* host, sf_tree* tree, sf_error* error) {
    return parts(host).fs->tree_publish(tree_of(tree), error);
  }
  inline void fs_tree_abort(const sf_host* host, sf_tree* tree) {
    parts(host).fs->tree_abort(tree_of(tree));
  }

  }  // namespace detail
  }  // namespace testing
}  // namespace )
