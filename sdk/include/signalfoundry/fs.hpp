// SPDX-License-Identifier: Apache-2.0
//
// fs.hpp - files for plugins: entries relative to held directories, observations instead of exceptions for what
// vanished.
#pragma once
#include <signalfoundry/host.hpp>
#include <signalfoundry/observation.hpp>
#include <signalfoundry/record.hpp>

namespace sf __attribute__((visibility("hidden"))) {
  namespace fs {

  struct Entry {
    std::string name;
    uint64_t dev = 0;
    uint64_t ino = 0;
    uint64_t size = 0;     // filled by stat() only
    int64_t mtime_ns = 0;  // filled by stat() only
    uint32_t kind = SF_FILE;
  };

  // A directory under construction: invisible until publish(). Ends itself when it is dropped.
  class Tree {
   public:
    Tree(Host host, sf_tree* tree) noexcept : host_(host), tree_(tree) {}
    Tree(Tree&& other) noexcept : host_(other.host_), tree_(std::exchange(other.tree_, nullptr)) {}
    Tree& operator=(Tree&&) = delete;
    ~Tree() {
      if (tree_ != nullptr) api().tree_abort(host_.raw(), tree_);
    }
    void add(std::string_view name, std::string_view bytes) {
      sf_error error{};
      check(api().tree_add(host_.raw(), tree_, to_c(name), to_c(bytes), &error), error);
    }
    // The alert's bytes as received; may become a hard link of the queue file.
    void add_alert(std::string_view name, const Record& record) {
      sf_error error{};
      check(api().tree_add_alert(host_.raw(), tree_, to_c(name), record.raw(), &error), error);
    }
    void publish() {
      sf_error error{};
      check(api().tree_publish(host_.raw(), std::exchange(tree_, nullptr), &error), error);
    }

   private:
    const sf_fs_api& api() const { return host_.service<sf_fs_api>(SF_SERVICE_FS); }
    Host host_;
    sf_tree* tree_;
  };

  // A held directory. Real faults throw sf::Error; what vanished is a value.
  class Dir {
   public:
    Dir() = default;
    // which: "state", "cases", "packs", "quarantine", "setting:KEY" or "parent:KEY", and of these two one below,
    // "parent:KEY/2026/Nov" (abi/service/fs.h). Nothing: no such directory.
    static std::optional<Dir> open(const Host& host, std::string_view which) {
      const sf_dir* dir = nullptr;
      sf_error error{};
      const auto status = host.service<sf_fs_api>(SF_SERVICE_FS).open_dir(host.raw(), to_c(which), &dir, &error);
      if (check(status, error) == SF_ABSENT) return std::nullopt;
      return Dir(host, dir);
    }

    std::vector<Entry> list(std::string_view suffix) const {
      std::vector<Entry> out;
      sf_error error{};
      auto call = [](void* impl, const sf_entry* e) -> int32_t {
        static_cast<std::vector<Entry>*>(impl)->push_back(
            {std::string(from_c(e->name)), e->dev, e->ino, e->size, e->mtime_ns, e->kind});
        return 0;
      };
      check(api().list(host_.raw(), dir_, to_c(suffix), call, &out, &error), error);
      return out;
    }
    Observation<Entry> stat(std::string_view name) const {
      sf_entry out{};
      sf_error error{};
      if (check(api().stat(host_.raw(), dir_, to_c(name), &out, &error), error) != SF_OK) return Gone::vanished;
      return Entry{std::string(name), out.dev, out.ino, out.size, out.mtime_ns, out.kind};
    }
    // At most `limit` bytes from `offset`; fewer mean the end of the file. limit 0: all of it, up to 64 MiB (over that:
    // SF_FAILED).
    Observation<std::string> read(const Entry& entry, uint64_t offset = 0, uint64_t limit = 0) const {
      const sf_entry e{to_c(entry.name), entry.dev, entry.ino, entry.size, entry.mtime_ns, entry.kind, 0};
      detail::StringSink sink;
      sf_error error{};
      switch (check(api().read(host_.raw(), dir_, &e, offset, limit, sink.get(), &error), error)) {
        case SF_OK:
          return sink.take();
        case SF_VANISHED:
          return Gone::vanished;
        case SF_TOO_LARGE:
          throw Error(SF_FAILED, "\"" + entry.name + "\" is larger than 64 MiB");
        default:
          return Gone::changed;
      }
    }
    void write_file(std::string_view name, std::string_view bytes) const {
      sf_error error{};
      check(api().write_file(host_.raw(), dir_, to_c(name), to_c(bytes), &error), error);
    }
    void append_line(std::string_view name, std::string_view line, uint64_t max_bytes) const {
      sf_error error{};
      check(api().append_line(host_.raw(), dir_, to_c(name), to_c(line), max_bytes, &error), error);
    }
    Tree begin_tree(std::string_view path) const {
      sf_tree* tree = nullptr;
      sf_error error{};
      check(api().tree_begin(host_.raw(), dir_, to_c(path), &tree, &error), error);
      return Tree(host_, tree);
    }

   private:
    Dir(Host host, const sf_dir* dir) noexcept : host_(host), dir_(dir) {}
    const sf_fs_api& api() const { return host_.service<sf_fs_api>(SF_SERVICE_FS); }
    Host host_;
    const sf_dir* dir_ = nullptr;
  };

  }  // namespace fs
}  // namespace )
