// Outgoing HTTP: everything the server itself asks of others (models; later Docker and Kubernetes).
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "async/task.hpp"
#include "net/http.hpp"

namespace carrel::outbound {

using async::Task;

/// How long a call may take; each is enforced on its own.
struct Patience {
    std::chrono::milliseconds connect = std::chrono::seconds{10};
    /// No byte in either direction for this long: the other side is taken for dead. A reader that
    /// does not read does not count as silence.
    std::chrono::milliseconds silence = std::chrono::seconds{60};
    /// Nothing: only silence counts, as for streams, which may take as long as they say something.
    std::optional<std::chrono::milliseconds> total = std::chrono::minutes{10};
};

struct Call {
    std::string method = "POST";
    std::string url = {};  ///< http or https
    net::Headers headers = {};
    std::string body = {};
    Patience patience = {};
};

struct Reply {
    int status = 0;
    net::Headers headers;
    std::unique_ptr<net::Source> body;  ///< never null; destroying it early breaks the call off
};

/// Sends calls. Redirects are not followed (an answer of 3xx is an answer), certificates are checked,
/// the proxy comes from the environment as curl reads it.
class HttpClient {
public:
    virtual ~HttpClient() = default;
    /// Returns when the head of the answer is there; any status is an answer. Throws Error{timeout}
    /// or Error{unavailable} when there is none (reason "connection_error", or "connection_broken" once it
    /// stood), Error{invalid} when the call itself cannot be sent. Cancelling aborts the transfer; so does
    /// destroying the body.
    virtual Task<Reply> send(Call call) = 0;
};

}  // namespace carrel::outbound
