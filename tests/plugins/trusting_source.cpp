// SPDX-License-Identifier: Apache-2.0
//
// trusting_source.cpp - reads a search index, and takes every answer with status 200 for a whole page, unless built
// with TRUSTING_LOOKS: what the conformance kit has to find, and to let through. It gives no positions.
#include <signalfoundry/abi/service/http.h>
#include <signalfoundry/plugin.hpp>
#include <signalfoundry/wazuh_mapping.hpp>

#include <nlohmann/json.hpp>

namespace {

using nlohmann::json;

constexpr const char* kSchema = R"json({"type": "object", "additionalProperties": false, "required": ["url", "ca_file"],
  "properties": {"url": {"type": "string", "description": "The index."},
    "ca_file": {"type": "string", "x-sf-path": true, "description": "Its CA."}}})json";

class TrustingSource final : public sf::Source {
 public:
  void configure(const sf::Host& host, std::string_view settings) override {
    host_ = host;
    const auto j = json::parse(settings);
    url_ = j.at("url").get<std::string>() + "/alerts-*/_search";
    ca_file_ = j.at("ca_file").get<std::string>();
  }
  std::string mapping() override { return sf::kWazuhMapping; }
  void open(std::string_view) override {
    after_ = json();
    hits_ = json::array();
    next_ = 0;
  }

  sf::Poll poll(const sf::Emitter& out, uint32_t max_records, uint32_t) override {
    for (uint32_t pushed = 0; pushed < max_records;) {
      if (next_ == hits_.size()) {
        ask();
        if (hits_.empty()) return open(""), sf::Poll::end;
      }
      const auto& hit = hits_[next_];
      if (!out.push(hit.at("_source").dump(), hit.at("_id").get<std::string>(), "")) return sf::Poll::more;
      ++pushed;
      ++next_;
    }
    return sf::Poll::more;
  }

 private:
  void ask() {
    json body = {
        {"size", 10}, {"sort", {{{"timestamp", "asc"}}, {{"id", "asc"}}}}, {"query", {{"match_all", json::object()}}}};
    if (!after_.is_null()) body["search_after"] = after_;
    const auto answer = json::parse(send(body.dump()), nullptr, false);
    if (!answer.is_object() || !answer.contains("hits")) throw sf::Error(SF_RETRY, "the answer is no page; ask again");
#ifdef TRUSTING_LOOKS
    if (answer.value("timed_out", true) || answer.at("_shards").at("failed") != 0)
      throw sf::Error(SF_RETRY, "the page is not whole; ask again");
#endif
    hits_ = answer.at("hits").at("hits");
    next_ = 0;
    if (!hits_.empty()) after_ = hits_.back().at("sort");
  }

  std::string send(const std::string& body) const {
    struct Answer {
      unsigned status = 0;
      std::string body;
    } answer;
    const sf_http_header type{sf::to_c("Content-Type"), sf::to_c("application/json")};
    sf_http_request q{};
    q.struct_size = sizeof q;
    q.timeout_ms = 1000;
    q.method = sf::to_c("POST");
    q.url = sf::to_c(url_);
    q.headers = &type;
    q.header_count = 1;
    q.body = sf::to_c(body);
    q.ca_file = sf::to_c(ca_file_);
    const sf_response_sink sink{sizeof(sf_response_sink), 0, &answer,
                                [](const sf_response_sink* s, const sf_http_response* a) {
                                  auto& to = *static_cast<Answer*>(s->impl);
                                  to.status = a->status;
                                  to.body = sf::from_c(a->body);
                                }};
    sf_error error{};
    const auto status = host_.service<sf_http_api>(SF_SERVICE_HTTP).request(host_.raw(), &q, &sink, &error);
    if (status == SF_CANCELLED) throw sf::Stop{};
    if (status != SF_OK)
      throw sf::Error(status < 0 ? status : SF_FAILED, error.message[0] != '\0' ? error.message : "too large");
    if (answer.status == 401 || answer.status == 403) throw sf::Error(SF_DENIED, "refused; see the user");
    if (answer.status != 200) throw sf::Error(SF_RETRY, "no page; ask again");
    return answer.body;
  }

  sf::Host host_;
  std::string url_;
  std::string ca_file_;
  json after_;
  json hits_ = json::array();
  std::size_t next_ = 0;
};

}  // namespace

SF_SOURCE_PLUGIN(TrustingSource, .id = TRUSTING_ID, .version = "1.0.0",
                 .summary = "A source for tests of the conformance kit.", .license = "Apache-2.0",
                 .config_schema = kSchema);
