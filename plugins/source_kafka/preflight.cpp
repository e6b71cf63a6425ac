// SPDX-License-Identifier: Apache-2.0
#include "preflight.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "client.hpp"

namespace source_kafka {
namespace {

constexpr std::size_t kPartitionsLookedAt = 20;
constexpr int kSliceMs = 200;

// "what; remedy" of an error, taken apart.
void tell(const sf::Checks& out, const std::string& step, const sf::Error& error, const std::string& remedy = {}) {
  const std::string sentence = error.what();
  const auto cut = sentence.rfind("; ");
  const auto told = cut == std::string::npos ? std::string() : sentence.substr(cut + 2);
  out.failed(step, error.code(), sentence.substr(0, cut), remedy.empty() ? told : remedy);
}

// The command that gives the right, as docs/sources/kafka.md has it.
std::string grant(const Settings& settings, const std::string& topic, const char* operation) {
  return "allow it " + std::string(operation) + " on the topic: kafka-acls.sh --add --allow-principal User:" +
         (settings.user.empty() ? "…" : printable(settings.user, 60)) + " --operation " + operation + " --topic " +
         topic + " (docs/sources/kafka.md#before-the-first-run)";
}

class Preflight {
 public:
  Preflight(const sf::Host& host, const Settings& settings, const std::atomic<bool>& stop, const sf::Checks& out)
      : host_(host), settings_(settings), out_(out), client_(host, settings, stop) {}

  void run() {
    bool first = true;
    for (const auto& topic : settings_.topics) {
      if (!look(topic, std::exchange(first, false))) return;
    }
  }

 private:
  // False: what failed would fail for the next topic, too.
  bool look(const std::string& topic, bool first) {
    const auto step = "topic " + topic;
    Leaders partitions;
    try {
      partitions = client_.partitions(topic);
    } catch (const sf::Error& error) {
      const bool of_topic = std::string_view(error.what()).find("do not let") != std::string_view::npos;
      if (of_topic && first) brokers();
      tell(out_, of_topic ? step : "brokers", error, of_topic ? grant(settings_, topic, "Describe") : std::string());
      return of_topic;
    }
    if (first) brokers();
    if (partitions.empty()) {
      out_.failed(step, SF_FAILED, "there is no topic " + topic + ", or the user may not see it",
                  "create it, correct topics, or " + grant(settings_, topic, "Describe"));
      return true;
    }
    offsets(topic, step, partitions);
    return true;
  }

  void brokers() {
    const auto cluster = client_.cluster();
    out_.ok("brokers", "the brokers at " + settings_.where() + " answer" +
                           (settings_.tls ? " over TLS that is verified" : " in plain text") +
                           (settings_.user.empty() ? "" : ", to user \"" + printable(settings_.user, 60) + "\"") +
                           (cluster.empty() ? "" : ", cluster " + cluster));
    if (!settings_.tls)
      out_.warn("tls", "tls = false: alerts can be read and changed on the way", "use the TLS listener");
  }

  void offsets(const std::string& topic, const std::string& step, const Leaders& partitions) {
    std::int64_t records = 0;
    std::pair<std::int32_t, Marks> fullest{partitions.begin()->first, {}};
    try {
      std::size_t looked_at = 0;
      for (const auto& [partition, leader] : partitions) {
        if (++looked_at > kPartitionsLookedAt) break;
        const auto marks = leader < 0 ? std::nullopt : client_.marks(topic, partition);
        if (!marks)
          return out_.failed(step, SF_RETRY,
                             "partition " + std::to_string(partition) + " of " + topic +
                                 (leader < 0 ? " has no leader" : " is not answered for by its broker"),
                             "see which brokers are down; a run reads the other partitions meanwhile");
        records += marks->high - marks->low;
        if (marks->high - marks->low > fullest.second.high - fullest.second.low) fullest = {partition, *marks};
      }
    } catch (const sf::Error& error) {
      return tell(out_, step, error, error.code() == SF_DENIED ? grant(settings_, topic, "Describe") : std::string());
    }
    std::string found = std::to_string(partitions.size()) + " partitions, " + std::to_string(records) + " records";
    if (partitions.size() > kPartitionsLookedAt) found += " in the first " + std::to_string(kPartitionsLookedAt);
    if (records == 0) return out_.warn(step, found, "see whether alerts are written to it");
    try {
      found += fetch(topic, fullest.first, fullest.second);
    } catch (const sf::Error& error) {
      return tell(out_, step, error, error.code() == SF_DENIED ? grant(settings_, topic, "Read") : std::string());
    }
    out_.ok(step, found);
  }

  // Its newest record, to see that it may be read, and how old it is. Offsets of transactions hold none.
  std::string fetch(const std::string& topic, std::int32_t partition, Marks marks) {
    client_.start(topic, partition, marks.high - 1);
    const auto until = host_.monotonic_ms() + settings_.timeout_ms;
    while (host_.monotonic_ms() < until) {
      client_.serve();
      const auto message = client_.next(kSliceMs);
      if (!message) continue;
      if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) break;
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        client_.judge(message->err, {}, "reading " + topic + "/" + std::to_string(partition));
        continue;
      }
      client_.stop(topic, partition);
      rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
      const auto ms = rd_kafka_message_timestamp(message.get(), &type);
      if (type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE || ms < 0) return "; the newest can be read";
      return "; the newest can be read, and is " +
             std::to_string(std::max<std::int64_t>(host_.now_ms() - ms, 0) / 1000) + " s old";
    }
    client_.stop(topic, partition);
    return "";
  }

  const sf::Host& host_;
  const Settings& settings_;
  const sf::Checks& out_;
  Client client_;
};

}  // namespace

void preflight(const sf::Host& host, const Settings& settings, const std::atomic<bool>& stop, const sf::Checks& out) {
  auto patient = settings;
  patient.retry_for_ms = std::min<std::int64_t>(settings.retry_for_ms, settings.timeout_ms);
  try {
    Preflight(host, patient, stop, out).run();
  } catch (const sf::Error& error) {
    tell(out, "brokers", error);
  }
}

}  // namespace source_kafka
