// An HTTP/1.1 client that costs little: one kept-alive connection, blocking, answers with a length.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/fd.hpp"

namespace carrel::bench {

struct Answer {
    int status = 0;
    std::string server_timing;  ///< that header's value, or empty
    std::string body;
};

class HttpClient {
public:
    /// Connects; throws core::Error.
    static HttpClient to_port(std::uint16_t port);
    static HttpClient to_socket(const std::string& path);

    /// Sends and awaits the whole answer. `accept` may be empty. Throws when the connection breaks off or
    /// the answer has no Content-Length.
    Answer ask(std::string_view method, std::string_view target, std::string_view json = {},
               std::string_view accept = {});

    /// The same; throws unless the status is 2xx.
    Answer must(std::string_view method, std::string_view target, std::string_view json = {},
                std::string_view accept = {});

    /// PUTs that many bytes; throws unless the status is 2xx.
    void send_bytes(std::string_view target, std::uint64_t size);
    /// GETs that many bytes and drops them; throws when there are others.
    void fetch_bytes(std::string_view target, std::uint64_t size);

private:
    explicit HttpClient(core::Fd socket) : socket_{std::move(socket)} {}
    void fill();
    /// Of the next answer, whose body begins in the buffer then; its head is gone from there.
    struct Head {
        Answer answer;
        std::uint64_t length = 0;
    };
    Head read_head(std::string_view what);

    core::Fd socket_;
    std::string buffer_;
};

}  // namespace carrel::bench
