// What Claude answers: an answer of the Messages API, put together from its events. Pure but for telling
// Progress.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/interfaces.hpp"
#include "json/parse.hpp"

namespace carrel::agent::anthropic {

/// Why there is no answer, or not a whole one.
struct StreamFault {
    std::string type;  ///< the vendor's: "overloaded_error"; "bad_stream" when it is our own finding
    std::string message;
};

class AnswerBuilder {
public:
    explicit AnswerBuilder(Progress& progress) : progress_{progress} {}

    /// Takes an event, a JSON text. Nothing, or why the stream cannot become an answer. Events and deltas of
    /// unknown kinds are passed over, as the vendor asks.
    std::optional<StreamFault> take(std::string_view event);
    /// Whether message_stop was there.
    bool is_complete() const { return is_complete_; }
    /// The answer of a complete stream. Its blocks' raw texts are: all members as the vendor sent them
    /// and in that order, text, thinking and signature joined, the input of a tool call in exactly the
    /// bytes that came, or {} with a problem where these are no JSON object.
    std::expected<Answer, StreamFault> finish();

private:
    struct OpenBlock {
        std::int64_t index = 0;
        json::Object start;
        std::string text;  ///< of a text or thinking block
        std::string signature;
        std::string input;  ///< JSON text of a tool call's input
        json::Array citations;
        bool is_closed = false;
    };

    std::optional<StreamFault> start_message(const json::Value& event);
    std::optional<StreamFault> start_block(const json::Value& event);
    std::optional<StreamFault> extend_block(const json::Value& event);
    std::optional<StreamFault> close_block(const json::Value& event);
    void read_end(const json::Value& event);
    void read_usage(const json::Value* usage);
    OpenBlock* find_block(const json::Value& event);
    static std::string raw_of(const OpenBlock& block, std::string_view input);
    static std::string problem_of(const OpenBlock& call);

    Progress& progress_;
    std::vector<OpenBlock> blocks_;
    std::string stop_reason_;
    Usage usage_;
    bool has_started_ = false;
    bool is_complete_ = false;
    std::size_t size_ = 0;
};

}  // namespace carrel::agent::anthropic
