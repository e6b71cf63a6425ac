// SPDX-License-Identifier: Apache-2.0
//
// client.hpp - the brokers, as one run talks to them through librdkafka: what they hold, and record after record.
//
// There is no consumer group: offsets are the caller's, nothing is committed, and no right on a group is needed. What
// librdkafka logs and what it finds wrong is taken up in serve(), on the caller's thread; its own threads never call us
// and have ended when the destructor returns. Everything that a broker sends is bounded and made printable here.
//
// A topic is asked for until Settings::retry_for_ms is over; of a partition each question is asked once, since another
// one may have an answer meanwhile. All throw sf::Stop when the run stops, Refused for what concerns that topic or
// partition alone, and sf::Error for what ends the run: SF_DENIED credentials refused, SF_RETRY no broker answers,
// SF_FAILED what waiting does not mend. [stage-thread]
#pragma once
#include <librdkafka/rdkafka.h>
#include <signalfoundry/source.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plan.hpp"
#include "settings.hpp"

namespace source_kafka {

struct MessageEnd {
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
using Message = std::unique_ptr<rd_kafka_message_t, MessageEnd>;

using Leaders = std::map<std::int32_t, std::int32_t>;  // by partition: the broker that leads it; -1: none does

// One topic or partition is refused or broken; what it says of the others is nothing.
class Refused : public sf::Error {
 public:
  using sf::Error::Error;
};

class Client {
 public:
  // Connects to nothing yet. `settings` and `stop` (of any thread) must outlive it. Throws sf::Error(SF_INVALID) for a
  // file that is no PEM.
  Client(const sf::Host& host, const Settings& settings, const std::atomic<bool>& stop);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // The topic's partitions; none when there is no such topic.
  Leaders partitions(const std::string& topic);
  // "" when the brokers do not tell. After partitions().
  std::string cluster();
  // Nothing when the partition's broker does not answer now.
  std::optional<Marks> marks(const std::string& topic, std::int32_t partition);
  // The first record of that time or later; `high` when there is none; nothing when there is no answer now.
  std::optional<std::int64_t> offset_at(const std::string& topic, std::int32_t partition, std::int64_t ms,
                                        std::int64_t high);

  // A partition is read from `offset` on until stop(); its records and events come from next().
  void start(const std::string& topic, std::int32_t partition, std::int64_t offset);
  void stop(const std::string& topic, std::int32_t partition);
  // A record or an event; null when none came within `ms`.
  Message next(int ms);

  // Throws sf::Stop when the run stops within `ms`, or before.
  void pause(std::uint32_t ms) const;
  // Takes up what librdkafka has to say. Throws when it is something that waiting does not mend.
  void serve();
  // An event that reading met: throws Refused unless it may pass by itself.
  void judge(rd_kafka_resp_err_t code, std::string_view text, const std::string& what);
  // Nothing came within retry_for: SF_RETRY, or SF_FAILED where TLS is why.
  sf::Error silence(const std::string& what) const;

 private:
  struct End {
    void operator()(rd_kafka_t* kafka) const { rd_kafka_destroy(kafka); }
    void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
    void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
    void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  };
  using Conf = std::unique_ptr<rd_kafka_conf_t, End>;
  struct Fault {
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    std::string text;  // printable
  };

  void set(rd_kafka_conf_t* conf, const char* key, const std::string& value) const;
  void set_secret(rd_kafka_conf_t* conf) const;
  void configure(rd_kafka_conf_t* conf);
  void configure_security(rd_kafka_conf_t* conf) const;
  rd_kafka_topic_t* topic(const std::string& name);
  using Question = std::function<rd_kafka_resp_err_t(int ms)>;
  bool ask_once(const std::string& what, int ms, const Question& question);
  void ask(const std::string& what, const Question& question);
  void check_fault(const Fault& fault);
  sf::Error tls_error(const Fault& fault) const;
  void log(int level, std::string_view text);

  sf::Host host_;
  const Settings& settings_;
  const std::atomic<bool>& stop_;
  std::unique_ptr<rd_kafka_t, End> kafka_;
  std::unique_ptr<rd_kafka_queue_t, End> queue_;
  std::map<std::string, std::unique_ptr<rd_kafka_topic_t, End>> topics_;
  std::map<std::string, std::map<std::int32_t, bool>> started_;
  std::vector<Fault> faults_;  // told since the last serve()
  Fault last_;                 // the last fault that may pass
  std::optional<Fault> tls_;   // the last of TLS
  bool all_down_ = false;      // every broker was, at some time in this run
  bool answered_ = false;      // some broker did, in this run
  unsigned log_lines_ = 0;
};

}  // namespace source_kafka
