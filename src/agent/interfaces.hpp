// The four borders of the agent loop: a model that answers, a desk that acts, a sink that tells, and
// a history that remembers. The loop itself knows no route, no store and no vendor's wire. What it remembers,
// and what passes between it and every model, has one canonical form: agent/history says which.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "async/task.hpp"
#include "json/parse.hpp"

namespace carrel::agent {

using async::Task;

/// Tokens of one answer of a model, as the vendor counts them.
struct Usage {
    std::int64_t input_tokens = 0;
    std::int64_t output_tokens = 0;
    std::int64_t cache_read_input_tokens = 0;
    std::int64_t cache_creation_input_tokens = 0;
    bool operator==(const Usage&) const = default;
};

/// One content block of an answer, in the canonical form. `raw` is the JSON text exactly as history must
/// keep it: it is stored and sent back byte by byte, because the vendor's cache and signatures bind to it.
struct Block {
    std::string type;  ///< "text", "thinking", "tool_use", …
    std::string raw;
    /// Of a tool call: why it cannot be made. Its input was no usable JSON and is {} in `raw`.
    std::string problem = {};
};

struct Answer {
    std::vector<Block> blocks;  ///< complete ones only, as they came; agent/rules says which can be kept
    std::string stop_reason;    ///< "end_turn", "tool_use", "max_tokens", "refusal", …
    Usage usage;
    /// The answer was cut in the middle of a tool call, which is not among `blocks`.
    bool lost_tool_use = false;
};

/// What is shown while an answer comes in. A status tells of waiting, of a retry (what was shown of
/// this answer before is void then), and the like; `retry_after` in seconds when known.
class Progress {
public:
    virtual ~Progress() = default;
    virtual void text(std::string_view piece) = 0;
    virtual void thinking(std::string_view piece) = 0;
    virtual void status(std::string_view message, std::optional<double> retry_after) = 0;
};

/// Pixels of a screen or picture.
struct Size {
    int width = 0;
    int height = 0;
    bool operator==(const Size&) const = default;
};

/// What a model is asked.
struct Question {
    std::string system;  ///< plain text
    /// The history, oldest first; the messages stay as they are until answer() ends.
    std::span<const std::string> messages;
    bool has_display = true;  ///< of the desk: without one, no tool for screen and mouse is offered
};

/// Reasons of a refusal that lies in what was asked: the same request is refused again.
constexpr std::string_view refused_request = "invalid_request_error";
constexpr std::string_view too_large_request = "request_too_large";

/// A model behind some vendor's API: takes a history in its canonical form, answers with blocks of that form.
/// It offers the model the tools of agent/tools itself.
class Model {
public:
    virtual ~Model() = default;
    /// Throws core::Error when the vendor refuses for good (`reason()` is a stable code such as
    /// "authentication_error") or retries are used up. Cancelling the task aborts the request.
    virtual Task<Answer> answer(Question question, Progress& progress) = 0;
    /// The size in which the model gets to see a screen, the same for a whole session.
    virtual Size picture_size(Size screen) const = 0;
    /// How many pictures a history may hold before the vendor refuses it.
    virtual std::size_t most_pictures() const = 0;
    /// How many bytes its messages may have together.
    virtual std::size_t most_history_bytes() const = 0;
};

/// A picture of a screen.
struct Picture {
    std::string bytes;
    std::string media_type;  ///< "image/png" or "image/jpeg"
    Size size;
};

/// The desk, as tools need it: operations by their row's name (ops::desk_operations).
class DeskCalls {
public:
    virtual ~DeskCalls() = default;
    /// POST (or GET) of the operation with a JSON input; its JSON answer. Throws Error with the desk's
    /// own message when it refuses.
    virtual Task<json::Value> call(std::string operation, json::Object input) = 0;
    /// What its screen has by what is known: people and programs may resize it at any time.
    virtual Size screen() const = 0;
    /// "screen/screenshot" or "screen/zoom" with `input`, as bytes.
    virtual Task<Picture> picture(std::string operation, json::Object input) = 0;
};

/// What one tool call came to.
struct ToolResult {
    std::string text;  ///< may be empty when there is a picture
    std::optional<Picture> picture;
    bool is_error = false;
};

/// Where the loop tells what happens; every call is an event of the session, stored before it is seen. It is
/// on its way to the store when the call returns, whether or not its task is awaited; that says it is stored.
class Sink : public Progress {
public:
    virtual Task<> tool_use(std::string name, json::Object input, std::string tool_use_id) = 0;
    /// Stores the picture first.
    virtual Task<> tool_result(std::string tool_use_id, const ToolResult& result) = 0;
    virtual Task<> usage(Usage usage) = 0;
};

/// The history in its canonical form: raw messages, stored before they are used.
class Transcript {
public:
    virtual ~Transcript() = default;
    virtual const std::vector<std::string>& messages() const = 0;
    virtual Task<> append(std::string raw_message) = 0;
    /// Keeps the first `keep` messages, and has `rest` instead of those behind them: all at once or not at
    /// all. Not for every day, since caches and signatures bind to the bytes of a history (agent/retelling).
    virtual Task<> rewrite(std::size_t keep, std::vector<std::string> rest) = 0;
};

}  // namespace carrel::agent
