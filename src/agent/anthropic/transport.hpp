// The way to where Claude is served: address, authorisation, how a stream of events is framed, what a refusal
// looks like. What is said on the way is none of its business: that is the shape of the Messages API
// (request, stream), which is one for all ways.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "async/task.hpp"
#include "core/error.hpp"

namespace carrel::agent::anthropic {

using async::Task;

/// Why a request got no answer.
struct Failure {
    core::Error error;
    bool may_retry = false;
    std::optional<std::chrono::milliseconds> asked_pause;  ///< when the other side asks for one
};

/// The events of an answer as they come, each a JSON text of the Messages API.
class EventSource {
public:
    virtual ~EventSource() = default;
    /// The next event, or nothing after the last; once that is known the connection can serve again. Throws
    /// Error as Transport::send, and Error{unavailable, reason "bad_stream"} when what comes is no stream.
    virtual Task<std::optional<std::string>> next() = 0;
};

/// One model, served somewhere.
class Transport {
public:
    virtual ~Transport() = default;
    /// The members of a request's body that this way asks for, each with a comma after it. They come first.
    virtual std::string envelope() const = 0;
    /// Bytes of the largest body that is taken there; more than two million.
    virtual std::size_t most_bytes() const = 0;
    /// Sends a body and returns when the answer begins, or with a refusal. Throws Error when there is
    /// neither: unavailable and timeout (reason "connection_error") are worth another try.
    virtual Task<std::variant<std::unique_ptr<EventSource>, Failure>> send(std::string body) = 0;
};

}  // namespace carrel::agent::anthropic
