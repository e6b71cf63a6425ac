// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include <algorithm>
#include <cstdlib>

namespace source_kafka {
namespace {

constexpr unsigned kLogLinesMax = 20;
constexpr std::size_t kFaultsMax = 100;
constexpr std::size_t kFetchBytes = std::size_t{16} << 20U;

// An answer that is larger closes the connection; a fetch holds one batch at least, however large.
std::size_t answer_max(const Settings& settings) {
  return 2 * kFetchBytes + 2 * settings.max_message_bytes;
}

std::string_view text_of(const char* text) {
  return text == nullptr ? std::string_view{} : std::string_view{text};
}

// May it pass by itself? A broker that restarts gives all of these.
bool passing(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__WAIT_CACHE:
    case RD_KAFKA_RESP_ERR__NODE_UPDATE:
    case RD_KAFKA_RESP_ERR__OUTDATED:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
    case RD_KAFKA_RESP_ERR_FETCH_SESSION_ID_NOT_FOUND:
    case RD_KAFKA_RESP_ERR_INVALID_FETCH_SESSION_EPOCH:
      return true;
    default:
      return false;
  }
}

bool credentials(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED;
}

bool no_topic(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
         code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

std::string told(rd_kafka_resp_err_t code, std::string_view text) {
  return " (" + (text.empty() ? printable(text_of(rd_kafka_err2str(code))) : printable(text, 200)) + ")";
}

std::string seconds(std::int64_t ms) {
  return std::to_string((ms + 500) / 1000) + " s";
}

}  // namespace

void Client::set(rd_kafka_conf_t* conf, const char* key, const std::string& value) const {
  char why[300] = {};
  if (rd_kafka_conf_set(conf, key, value.c_str(), why, sizeof why) != RD_KAFKA_CONF_OK)
    throw sf::Error(SF_INVALID, std::string("librdkafka does not take ") + key + ": " + printable(why, 200));
}

// What librdkafka says of a value that it refuses may hold the value.
void Client::set_secret(rd_kafka_conf_t* conf) const {
  auto password = host_.secret("password").value_or("");
  char why[300] = {};
  const bool cut = password.find('\0') != std::string::npos;
  const bool done =
      !cut && rd_kafka_conf_set(conf, "sasl.password", password.c_str(), why, sizeof why) == RD_KAFKA_CONF_OK;
  volatile char* at = password.data();
  for (std::size_t i = 0; i < password.size(); ++i) at[i] = 0;
  if (!done) throw sf::Error(SF_INVALID, "the password of the stage is not one that librdkafka takes; set another one");
}

void Client::configure_security(rd_kafka_conf_t* conf) const {
  const bool sasl = !settings_.user.empty();
  set(conf, "security.protocol",
      sasl            ? (settings_.tls ? "SASL_SSL" : "SASL_PLAINTEXT")
      : settings_.tls ? "SSL"
                      : "PLAINTEXT");
  if (settings_.tls) {
    set(conf, "enable.ssl.certificate.verification", "true");
    set(conf, "ssl.endpoint.identification.algorithm", "https");
    if (!settings_.ca_file.empty()) set(conf, "ssl.ca.location", settings_.ca_file);
    if (!settings_.client_cert.empty()) {
      set(conf, "ssl.certificate.location", settings_.client_cert);
      set(conf, "ssl.key.location", settings_.client_key);
    }
  }
  if (!sasl) return;
  set(conf, "sasl.mechanisms", settings_.mechanism);
  set(conf, "sasl.username", settings_.user);
  set_secret(conf);
}

void Client::configure(rd_kafka_conf_t* conf) {
  std::string brokers;
  for (const auto& broker : settings_.brokers) brokers += (brokers.empty() ? "" : ",") + broker;
  const auto timeout = std::to_string(settings_.timeout_ms);
  set(conf, "bootstrap.servers", brokers);
  set(conf, "client.id", "signalfoundry");
  configure_security(conf);
  set(conf, "enable.auto.commit", "false");
  set(conf, "enable.auto.offset.store", "false");
  set(conf, "auto.commit.enable", "false");
  set(conf, "auto.offset.reset", "error");  // never a silent jump
  set(conf, "allow.auto.create.topics", "false");
  set(conf, "enable.partition.eof", "true");
  set(conf, "isolation.level", "read_committed");
  set(conf, "check.crcs", "true");
  set(conf, "socket.timeout.ms", timeout);
  set(conf, "socket.connection.setup.timeout.ms", timeout);
  set(conf, "socket.keepalive.enable", "true");
  // Longer than the first wait of ask(), which sees a refusal after it: librdkafka alone would send the password again.
  set(conf, "reconnect.backoff.ms", "1000");
  set(conf, "reconnect.backoff.max.ms", "2000");
  set(conf, "fetch.wait.max.ms", "200");
  set(conf, "fetch.error.backoff.ms", "200");
  set(conf, "queued.min.messages", "2000");
  set(conf, "queued.max.messages.kbytes", "4096");
  set(conf, "fetch.message.max.bytes", "1048576");
  set(conf, "fetch.max.bytes", std::to_string(kFetchBytes));
  // A record that is larger than a fetch comes alone; what is larger than this closes the connection.
  set(conf, "receive.message.max.bytes", std::to_string(answer_max(settings_)));
  set(conf, "log.queue", "true");
  rd_kafka_conf_set_opaque(conf, this);
  rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t* kafka, int level, const char* facility, const char* text) {
    if (text_of(facility) == "CONFWARN") return;  // of a setting that only readers without a group have
    static_cast<Client*>(rd_kafka_opaque(kafka))->log(level, text_of(text));
  });
  rd_kafka_conf_set_error_cb(conf, [](rd_kafka_t* /*kafka*/, int code, const char* text, void* self) {
    auto& faults = static_cast<Client*>(self)->faults_;
    if (faults.size() < kFaultsMax)
      faults.push_back({static_cast<rd_kafka_resp_err_t>(code), printable(text_of(text), 200)});
  });
}

Client::Client(const sf::Host& host, const Settings& settings, const std::atomic<bool>& stop)
    : host_(host), settings_(settings), stop_(stop) {
  Conf conf(rd_kafka_conf_new());
  configure(conf.get());
  char why[400] = {};
  kafka_.reset(rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), why, sizeof why));
  if (!kafka_)
    throw sf::Error(SF_INVALID, "librdkafka does not start with these settings: " + printable(why, 200) +
                                    "; check ca_file, client_cert and client_key");
  static_cast<void>(conf.release());  // it is kafka_'s now
  rd_kafka_set_log_queue(kafka_.get(), nullptr);
  queue_.reset(rd_kafka_queue_new(kafka_.get()));
}

Client::~Client() {
  for (const auto& [name, partitions] : started_)
    for (const auto& [partition, on] : partitions)
      if (on) rd_kafka_consume_stop(topics_.at(name).get(), partition);
}

void Client::log(int level, std::string_view text) {
  if (level > 6 || ++log_lines_ > kLogLinesMax + 1) return;
  if (log_lines_ > kLogLinesMax)
    host_.info("librdkafka has more to say; it is left out until the next run");
  else
    host_.log(level <= 3 ? SF_LOG_WARN : SF_LOG_INFO, "librdkafka: " + printable(text, 300));
}

rd_kafka_topic_t* Client::topic(const std::string& name) {
  auto& topic = topics_[name];
  if (!topic) topic.reset(rd_kafka_topic_new(kafka_.get(), name.c_str(), nullptr));
  if (!topic) throw sf::Error(SF_FAILED, "librdkafka does not take the topic " + printable(name, 60));
  return topic.get();
}

sf::Error Client::silence(const std::string& what) const {
  if (tls_ && !answered_) return tls_error(*tls_);
  return {SF_RETRY, "no broker of " + settings_.where() + " answered within " + seconds(settings_.retry_for_ms) + ", " +
                        what + (last_.text.empty() ? "" : told(last_.code, last_.text)) +
                        "; check brokers and tls, the network, and that the brokers run" +
                        (answered_ ? ". A batch of more than " + std::to_string(answer_max(settings_)) +
                                         " bytes is never answered: raise max_message_bytes for it"
                                   : "")};
}

sf::Error Client::tls_error(const Fault& fault) const {
  return {SF_FAILED, "TLS with the brokers at " + settings_.where() + " fails" + told(fault.code, fault.text) +
                         "; check ca_file, and that brokers uses names that their certificates hold"};
}

void Client::check_fault(const Fault& fault) {
  if (credentials(fault.code))
    throw sf::Error(SF_DENIED, "the brokers at " + settings_.where() + " refuse user \"" +
                                   printable(settings_.user, 60) + "\" or its password" + told(fault.code, fault.text) +
                                   "; correct them, or mechanism, before the next run");
  // Another broker may have a certificate that is right. Once one has answered, TLS that fails is a broker that
  // restarts.
  if (fault.code == RD_KAFKA_RESP_ERR__SSL)
    tls_ = fault;
  else if (fault.code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
    all_down_ = true;
  if (tls_ && all_down_ && !answered_) throw tls_error(*tls_);
}

void Client::pause(std::uint32_t ms) const {
  if (stop_.load(std::memory_order_relaxed) || !host_.wait(ms)) throw sf::Stop{};
}

void Client::serve() {
  faults_.clear();
  rd_kafka_poll(kafka_.get(), 0);
  for (auto& fault : faults_) {
    check_fault(fault);
    if (fault.code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || last_.text.empty()) last_ = fault;
  }
}

void Client::judge(rd_kafka_resp_err_t code, std::string_view text, const std::string& what) {
  if (passing(code)) {
    last_ = {code, printable(text, 200)};
    return;
  }
  if (credentials(code)) check_fault({code, printable(text, 200)});
  if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED || code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED) {
    const auto who =
        settings_.user.empty() ? std::string("this client") : "user \"" + printable(settings_.user, 60) + "\"";
    throw Refused(SF_DENIED, "the brokers at " + settings_.where() + " do not let " + who + " go on, " + what +
                                 told(code, text) +
                                 "; allow it Read and Describe on the topics (docs/sources/kafka.md)");
  }
  if (no_topic(code))
    throw Refused(SF_FAILED, "the brokers at " + settings_.where() + " know no such topic or partition, " + what +
                                 told(code, text) + "; was it deleted?");
  throw Refused(SF_FAILED, "the brokers at " + settings_.where() + " failed, " + what + told(code, text) +
                               "; see the brokers' log");
}

// False: a fault that may pass.
bool Client::ask_once(const std::string& what, int ms, const Question& question) {
  const auto code = question(ms);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) answered_ = true;
  serve();
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
  if (!passing(code)) judge(code, {}, what);  // else serve() knows more of it
  host_.count("source_retries");
  pause(0);
  return false;
}

// The time that a broker is given grows, so that a run that stops, and credentials that are refused, are seen soon.
void Client::ask(const std::string& what, const Question& question) {
  const auto until = host_.monotonic_ms() + settings_.retry_for_ms;
  for (int wait_ms = 500;; wait_ms = std::min(wait_ms * 2, static_cast<int>(settings_.timeout_ms))) {
    const auto left = std::clamp<std::int64_t>(until - host_.monotonic_ms(), 100, wait_ms);
    if (ask_once(what, static_cast<int>(left), question)) return;
    if (host_.monotonic_ms() >= until) throw silence(what);
    pause(100);
  }
}

Leaders Client::partitions(const std::string& name) {
  Leaders out;
  bool there = true;
  ask("asked for topic " + name, [&](int ms) {
    const struct rd_kafka_metadata* raw = nullptr;
    const auto code = rd_kafka_metadata(kafka_.get(), 0, topic(name), &raw, ms);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return code;
    const std::unique_ptr<const struct rd_kafka_metadata, void (*)(const struct rd_kafka_metadata*)> answer(
        raw, rd_kafka_metadata_destroy);
    if (answer->topic_cnt != 1) return RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
    const auto& found = answer->topics[0];
    there = !no_topic(found.err);
    if (!there) return RD_KAFKA_RESP_ERR_NO_ERROR;
    if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) return found.err;
    if (found.partition_cnt <= 0) return RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
    out.clear();
    for (int i = 0; i < found.partition_cnt && out.size() <= kPartitionsMax; ++i)
      if (found.partitions[i].id >= 0) out[found.partitions[i].id] = std::max(found.partitions[i].leader, -1);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  });
  if (!there) out.clear();
  return out;
}

std::string Client::cluster() {
  const std::unique_ptr<char, void (*)(char*)> id(
      rd_kafka_clusterid(kafka_.get(), 0), [](char* text) { std::free(text); });  // NOLINT(cppcoreguidelines-no-malloc)
  return id ? printable(id.get(), 60) : std::string();
}

std::optional<Marks> Client::marks(const std::string& name, std::int32_t partition) {
  Marks out;
  const auto what = "asked for the offsets of " + name + "/" + std::to_string(partition);
  if (!ask_once(what, static_cast<int>(settings_.timeout_ms), [&](int ms) {
        const auto code =
            rd_kafka_query_watermark_offsets(kafka_.get(), name.c_str(), partition, &out.low, &out.high, ms);
        // It was among partitions(): this is librdkafka's word for one that lost its leader.
        return code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ? RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE : code;
      }))
    return std::nullopt;
  if (out.low < 0 || out.high < out.low)
    throw Refused(SF_FAILED, "the brokers at " + settings_.where() + " gave offsets that are none, " + what +
                                 "; see the brokers' log");
  return out;
}

std::optional<std::int64_t> Client::offset_at(const std::string& name, std::int32_t partition, std::int64_t ms,
                                              std::int64_t high) {
  const std::unique_ptr<rd_kafka_topic_partition_list_t, void (*)(rd_kafka_topic_partition_list_t*)> list(
      rd_kafka_topic_partition_list_new(1), rd_kafka_topic_partition_list_destroy);
  auto* place = rd_kafka_topic_partition_list_add(list.get(), name.c_str(), partition);
  place->offset = ms;
  if (!ask_once("asked for the offset of a time in " + name + "/" + std::to_string(partition),
                static_cast<int>(settings_.timeout_ms), [&](int wait_ms) {
                  const auto code = rd_kafka_offsets_for_times(kafka_.get(), list.get(), wait_ms);
                  return code != RD_KAFKA_RESP_ERR_NO_ERROR ? code : place->err;
                }))
    return std::nullopt;
  return place->offset < 0 ? high : place->offset;
}

void Client::start(const std::string& name, std::int32_t partition, std::int64_t offset) {
  if (rd_kafka_consume_start_queue(topic(name), partition, offset, queue_.get()) != 0)
    judge(rd_kafka_last_error(), {}, "began to read " + name + "/" + std::to_string(partition));
  started_[name][partition] = true;
}

void Client::stop(const std::string& name, std::int32_t partition) {
  auto& on = started_[name][partition];
  if (on) rd_kafka_consume_stop(topic(name), partition);
  on = false;
}

Message Client::next(int ms) {
  return Message(rd_kafka_consume_queue(queue_.get(), ms));
}

}  // namespace source_kafka
