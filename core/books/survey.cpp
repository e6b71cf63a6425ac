// SPDX-License-Identifier: Apache-2.0
#include "books/survey.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/digest.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "books/dated.hpp"
#include "queue/queue.hpp"

namespace signalfoundry::books {

namespace {

using store::AlertRow;
using store::AlertState;
constexpr std::size_t kFilesOfPackMax = 1000;

std::optional<std::string> bytes_of(const std::optional<fs::Dir>& dir, const std::string& name) {
  if (!dir) return std::nullopt;
  return dir->read(name, queue::kAlertBytesMax)
      .match([](fs::Content&& c) { return c.whole ? std::optional(std::move(c.bytes)) : std::nullopt; },
             [](fs::Gone) { return std::optional<std::string>(); });
}

// A pack whose manifest lists files that are all there and as it says. Throws Rejected.
FoundPack read_pack(const fs::Dir& packs, const std::string& key) {
  const auto dir = packs.find_sub("c-" + key);
  const auto manifest = bytes_of(dir, "MANIFEST.sha256");
  if (!manifest) throw Rejected("MANIFEST.sha256 cannot be read");
  FoundPack pack{sha256_hex(*manifest), 0};
  for (std::string_view rest = *manifest; !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const std::string name(line.substr(std::min<std::size_t>(line.size(), 66)));
    const auto slash = name.rfind('/');
    const bool nested = slash != std::string::npos;
    const std::string file = nested ? name.substr(slash + 1) : name;
    const auto folder = nested ? dir->find_path(std::string_view(name).substr(0, slash)) : dir;
    const auto bytes = fs::valid_name(file) ? bytes_of(folder, file) : std::nullopt;
    if (++pack.files > kFilesOfPackMax || !bytes || line.substr(0, 64) != sha256_hex(*bytes))
      throw Rejected(fmt::format("\"{}\" is not as MANIFEST.sha256 says", printable(name)));
  }
  return pack;
}

class Surveyor {
 public:
  Surveyor(const queue::StateDir& dirs, store::Store* store) : dirs_(dirs), store_(store) {}

  Survey take(const std::function<std::vector<Origin>()>& origins) {
    list_queue();
    under_way();
    cases();
    processed();
    packs();
    quarantine();
    waiting(origins);
    return std::move(out_);
  }

 private:
  struct File {
    const fs::Dir* dir;
    std::string name;
    queue::Name parsed;
  };

  void problem(const char* category, std::string_view where, std::string_view why) {
    out_.findings.add(out_.findings.mismatches, category, fmt::format("{}: {}", printable(where), why));
  }
  std::optional<AlertRow> row(const std::string& key) const { return store_ ? store_->find(key) : std::nullopt; }
  // Has it its fate, or will the next run give it one?
  bool settled(const std::string& key, std::int64_t& accepted_seq) const {
    const auto known = row(key);
    if (!known) return false;
    accepted_seq = known->accepted_seq;
    return known->state != AlertState::waiting || queued_.contains(key);
  }

  void list_queue() {
    for (const auto* dir : {&dirs_.accept, &dirs_.queue, &dirs_.active})
      dir->list([&](const fs::Listed& e) {
        auto parsed = queue::parse_name(e.name);
        if (!parsed || e.kind != fs::Kind::file) return true;
        queued_.insert(parsed->key);
        files_.push_back({dir, std::string(e.name), std::move(*parsed)});
        return true;
      });
  }

  // What an interrupted run had in its hands. The next run settles it, with the messages of its verdict.
  void under_way() {
    std::vector<std::string> names;
    dirs_.active.list([&](const fs::Listed& e) { return names.emplace_back(e.name), true; });
    for (const auto& name : names)
      queue::Queue::holds(dirs_.active, name, queue::kAlertBytesMax, [&](const fs::Content& c) {
        return c.whole && under_way_.insert(sha256_hex(c.bytes)).second;
      });
  }

  void cases() {
    each_dated(dirs_.cases, [&](const std::string& date, std::string_view name) {
      if (name.starts_with("c-") && is_key(name.substr(2))) add_case(date, std::string(name.substr(2)));
    });
    auto& list = out_.cases;
    std::sort(list.begin(), list.end(),
              [](const auto& a, const auto& b) { return std::tie(a.seq, a.key) < std::tie(b.seq, b.key); });
    // Two of one alert: the first verdict is the verdict.
    std::erase_if(list, [&](const FoundCase& c) {
      if (decided_.insert(c.key).second) return false;
      problem("case_unknown", fmt::format("cases/{}/c-{}", c.date, c.key), "a second case of this alert");
      return true;
    });
  }

  void add_case(const std::string& date, const std::string& key) {
    FoundCase found;
    if (settled(key, found.accepted_seq)) return;
    try {
      const CaseFile file = read_case(dirs_, date, key);
      const auto day = dirs_.processed.find_path(date);
      const bool finished = day && day->has(key + ".json");  // then what is under way is a duplicate
      if (!finished && under_way_.contains(file.sha256)) {
        out_.findings.add(out_.findings.notes, "case_unknown",
                          fmt::format("cases/{}/c-{}: the next run finishes it", date, key));
        return;
      }
      auto alert = bytes_of(dirs_.cases.find_path(fmt::format("{}/c-{}", date, key)), "alert.json");
      if (!alert) alert = bytes_of(dirs_.processed.find_path(date), key + ".json");
      if (!alert || sha256_hex(*alert) != file.sha256)
        throw Rejected("neither alert.json nor the processed file has the digest that case.json names");
      found.key = key;
      found.date = date;
      found.seq = file.seq;
      found.disposition = file.disposition;
      found.time_ms = file.time_ms;
      found.accepted_fields =
          fmt::format(R"("source":{},"alert_id":{},"alert_time":"{}","sha256":"{}","bytes":{},"rebuilt":true)",
                      file.source, file.alert_id, rfc3339(file.time_ms), file.sha256, alert->size());
      out_.cases.push_back(std::move(found));
    } catch (const Rejected& e) {
      problem("case_unknown", fmt::format("cases/{}/c-{}", date, key), e.what());
    }
  }

  void processed() {
    each_dated(dirs_.processed, [&](const std::string& date, std::string_view name) {
      const std::string key(name.substr(0, 32));
      if (name.size() != 37 || !name.ends_with(".json") || !is_key(key) || decided_.contains(key)) return;
      if (row(key)) return;
      problem("processed_unknown", fmt::format("processed/{}/{}", date, name), "no case says what its verdict was");
    });
  }

  void packs() {
    std::unordered_set<std::string> escalated;
    for (const auto& c : out_.cases)
      if (c.disposition == store::Disposition::escalated) escalated.insert(c.key);
    dirs_.packs.list([&](const fs::Listed& e) {
      if (!e.name.starts_with("c-") || !is_key(e.name.substr(2))) return true;
      const std::string key(e.name.substr(2));
      const auto known = row(key);
      if (known && known->pack) return true;
      try {
        if (known && known->state == AlertState::triaged) throw Rejected("by the books its alert got no pack");
        if (!escalated.contains(key)) throw Rejected("no case that can be brought in is escalated under this key");
        out_.packs.emplace(key, read_pack(dirs_.packs, key));
      } catch (const Rejected& why) {
        problem("pack_unknown", "packs/c-" + key, why.what());
      }
      return true;
    });
  }

  void quarantine() {
    std::vector<std::string> names;
    std::unordered_set<std::string> reasons;
    dirs_.quarantine.list([&](const fs::Listed& e) {
      if (e.name.ends_with(".reason.json"))
        reasons.emplace(e.name);
      else if (e.kind == fs::Kind::file && !e.name.starts_with(".tmp-") && is_key(e.name.substr(0, 32)))
        names.emplace_back(e.name);
      return true;
    });
    std::sort(names.begin(), names.end());
    for (const auto& name : names) add_quarantined(name, reasons.contains(name + ".reason.json"));
  }

  void add_quarantined(const std::string& name, bool with_reason) {
    FoundQuarantined found;
    found.key = name.substr(0, 32);
    if (settled(found.key, found.accepted_seq)) return;
    if (decided_.contains(found.key)) {
      out_.findings.add(out_.findings.notes, "quarantine_unknown", printable(name) + ": its alert has a fate already");
      return;
    }
    const auto bytes = bytes_of(dirs_.quarantine, name);
    const auto text = with_reason ? bytes_of(dirs_.quarantine, name + ".reason.json") : std::nullopt;
    const Json said = text ? Json::parse(*text, nullptr, false) : Json();
    const auto word = [&](const char* member) {
      const auto at = said.is_object() ? said.find(member) : said.end();
      return said.is_object() && at != said.end() && at->is_string() ? at->get<std::string>() : std::string();
    };
    if (!bytes) return problem("quarantine_unknown", name, "it cannot be read, or is larger than 64 MiB");
    if (word("reason").empty()) return problem("quarantine_unknown", name, "its .reason.json does not say why");
    if (word("reason") == queue::kSecondBytes) return;  // beside the file that counts
    decided_.insert(found.key);
    found.time_ms = parse_time(word("time")).value_or(0);
    found.accepted_fields = fmt::format(
        R"("source":{},"alert_id":null,"sha256":"{}","name":{},"rebuilt":true)",
        json_quote(rejected_key(kDropIn, sha256_hex(*bytes)) == found.key ? std::string(kDropIn) : "unknown"),
        sha256_hex(*bytes), json_quote(printable(word("original_name"), 256)));
    found.quarantined_fields =
        fmt::format(R"("reason":{},"file":{},"rebuilt":true)", json_quote(printable(word("reason"), 500)),
                    json_quote(printable(name, 256)));
    out_.quarantined.push_back(std::move(found));
  }

  // A file whose name claims a key is the alert that a source brought only where that source gives it this key. In
  // .accept/ nobody else can write.
  void waiting(const std::function<std::vector<Origin>()>& origins) {
    std::erase_if(files_, [&](const File& f) { return decided_.contains(f.parsed.key) || row(f.parsed.key); });
    if (files_.empty()) return;
    const auto list = origins();
    for (const auto& file : files_)
      if (decided_.insert(file.parsed.key).second && !add_waiting(file, list)) decided_.erase(file.parsed.key);
  }

  bool add_waiting(const File& file, const std::vector<Origin>& origins) {
    auto bytes = bytes_of(*file.dir, file.name);
    const bool trusted = file.dir == &dirs_.accept;
    const std::string where = fmt::format("{}/{}",
                                          trusted                    ? ".accept"
                                          : file.dir == &dirs_.queue ? "queue"
                                                                     : "active",
                                          file.name);
    for (const auto& origin : origins) {
      if (!bytes) break;
      try {
        const Alert alert = read_alert(*bytes, origin.stage, origin.mapping, "", file.parsed.time_ms);
        if (alert.key != file.parsed.key && !(trusted && &origin == &origins.back())) continue;
        FoundWaiting found;
        found.key = file.parsed.key;
        found.time_ms = alert.time_ms;
        found.mapping = origin.mapping->text();
        found.accepted_fields = fmt::format(
            R"("source":{},"alert_id":{},"alert_time":"{}","sha256":"{}","bytes":{},"mapping":"{}","rebuilt":true)",
            json_quote(origin.stage), alert.id.empty() ? "null" : json_quote(printable(alert.id, 256)),
            rfc3339(alert.time_ms), alert.sha256, alert.bytes.size(), sha256_hex(found.mapping).substr(0, 16));
        out_.waiting.push_back(std::move(found));
        return true;
      } catch (const Rejected&) {
        continue;  // not that source's, or no alert
      }
    }
    problem("queue_unknown", where, "no source of this pipeline gives these bytes this key; it is taken for a drop-in");
    return false;
  }

  const queue::StateDir& dirs_;
  store::Store* store_;
  Survey out_;
  std::unordered_set<std::string> under_way_;  // digests of what is in active/
  std::unordered_set<std::string> queued_;     // keys that names in .accept/, queue/ and active/ speak of
  std::vector<File> files_;                    // those files
  std::unordered_set<std::string> decided_;    // keys that are brought in
};

std::string text_member(const Json& json, const char* member, std::size_t limit) {
  const auto at = json.find(member);
  if (at == json.end() || at->is_null()) return "null";
  if (!at->is_string()) throw Rejected(fmt::format("\"{}\" of case.json is no text", member));
  return json_quote(printable(at->get<std::string>(), limit));
}

}  // namespace

CaseFile read_case(const queue::StateDir& dirs, const std::string& date, const std::string& key) {
  const auto text = bytes_of(dirs.cases.find_path(fmt::format("{}/c-{}", date, key)), "case.json");
  if (!text) throw Rejected("case.json cannot be read, or is larger than 64 MiB");
  const Json json = parse_json(*text);
  const auto is = [&](const char* member, const std::string& value) {
    return json.contains(member) && json[member] == value;
  };
  if (!json.is_object() || !is("key", key) || !is("case_id", "c-" + key))
    throw Rejected("case.json is not that of this alert");
  const auto verdict = json.value("verdict", Json());
  const auto disposition = store::disposition_of(scalar_text(json.value("disposition", Json())));
  const Json when = verdict.is_object() ? verdict.value("time", Json()) : Json();
  const auto time = parse_time(scalar_text(when));
  const Json seq = json.value("seq", Json());
  CaseFile out;
  out.sha256 = scalar_text(json.value("alert_sha256", Json()));
  Sha256 digest;
  if (!disposition || !time || !seq.is_number_integer() || !from_hex(out.sha256, digest.data(), digest.size()))
    throw Rejected("case.json lacks a disposition, seq, alert_sha256 or verdict.time that can be used");
  if (date_path(*time) != date) throw Rejected("it stands under another date than its verdict's");
  out.disposition = *disposition;
  out.seq = seq.get<std::int64_t>();
  out.time_ms = *time;
  out.source = text_member(json, "source", 200);
  if (out.source == "null") throw Rejected("case.json does not say where the alert came from");
  out.alert_id = text_member(json, "alert_id", 256);
  // As it was written: the order of its members, too.
  const auto trail = nlohmann::ordered_json::parse(*text).value("trail", nlohmann::ordered_json::array());
  out.verdict_fields = fmt::format(
      R"("disposition":"{}","case_id":"c-{}","source":{},"alert_id":{},"reason":{},"stage":{},"plugin":{},"inputs":{},)"
      R"("logical_time":"{}","sha256":"{}","trail":{},"rebuilt":true)",
      store::disposition_name(out.disposition), key, out.source, out.alert_id, text_member(json, "reason", 512),
      text_member(verdict, "stage", 200), text_member(verdict, "plugin", 200), text_member(verdict, "inputs", 64),
      rfc3339(out.time_ms), out.sha256, trail.dump());
  return out;
}

Survey survey(const queue::StateDir& dirs, store::Store* store, const std::function<std::vector<Origin>()>& origins) {
  return Surveyor(dirs, store).take(origins);
}

}  // namespace signalfoundry::books
