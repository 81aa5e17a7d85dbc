// The judge of HTTP/1.1 heads: what is ambiguous is refused before anybody acts on it. Pure.
//
// Two programs that read one byte stream differently are how requests are smuggled past a check, so
// there is one reading here and no leniency: RFC 9112 without its "may accept". Refused are bare CR or
// LF, folded headers, space before a colon, any Transfer-Encoding but "chunked" alone, that together
// with Content-Length or in HTTP/1.0, Content-Length that is repeated or not plain digits, no Host or
// two, a Host that is none, control characters, and targets that are in neither origin nor absolute form.
// A target in absolute form is taken only where it names the host that Host names, and only its origin form
// goes on: nobody behind can read another host there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "net/http.hpp"

namespace carrel::net {

/// How a body ends.
struct BodyFrame {
    enum class Kind {
        none,
        length,
        chunked,
        until_close,  ///< of answers only
    };
    Kind kind = Kind::none;
    std::uint64_t length = 0;
    bool operator==(const BodyFrame&) const = default;
};

struct RequestHead {
    std::string method;
    std::string target;                      ///< in origin form
    std::optional<std::string> target_host;  ///< of a target in absolute form: what Host says too
    int minor_version = 1;                   ///< of HTTP/1.x
    Headers headers;
    BodyFrame body;
    bool keep_alive = true;
    bool expects_continue = false;
};

struct AnswerHead {
    int status = 0;
    int minor_version = 1;
    Headers headers;
    BodyFrame body;
    bool keep_alive = true;
};

/// Where the head at the beginning of `bytes` ends (after its empty line); nothing when it is not
/// complete yet. Refuses what cannot become a head whatever follows. `start` is how much of `bytes` an
/// earlier call has seen.
core::Expected<std::optional<std::size_t>> find_head_end(std::string_view bytes, std::size_t start = 0);

/// `head` is all up to and with the empty line.
core::Expected<RequestHead> parse_request_head(std::string_view head);
/// `method` is the request's: the answer to HEAD has no body whatever it says.
core::Expected<AnswerHead> parse_answer_head(std::string_view head, std::string_view method);

bool is_target(std::string_view text);        ///< a path of visible ASCII, perhaps with a query
bool is_token(std::string_view text);         ///< RFC 9110 §5.6.2
bool is_header_value(std::string_view text);  ///< no control character but tab

/// Reads the chunked coding (RFC 9112 §7.1) piece by piece; chunk extensions and trailers are bounded and
/// thrown away.
class ChunkDecoder {
public:
    struct Step {
        std::size_t consumed = 0;  ///< bytes of the input that are done with
        std::string_view data;     ///< the part of them that is body, if any
    };
    /// Call again with what is left, until nothing is consumed (more input is needed) or is_done(). A step
    /// has at most `most` bytes of body.
    core::Expected<Step> next(std::string_view bytes, std::size_t most = std::string_view::npos);
    bool is_done() const { return state_ == State::done; }

    /// How many body bytes come next for certain, so that they can be read around this decoder, which is
    /// told by skip().
    std::uint64_t ready() const { return state_ == State::data ? left_ : 0; }
    void skip(std::uint64_t count);

private:
    enum class State { size, extension, size_lf, data, data_cr, data_lf, trailer, done };
    core::Expected<void> take(char byte);
    core::Expected<void> take_size(char byte);
    core::Expected<void> take_extension(char byte);
    core::Expected<void> take_size_end(char byte);
    core::Expected<void> take_trailer(char byte);
    core::Expected<void> expect(char byte, char wanted, State then);

    State state_ = State::size;
    std::uint64_t left_ = 0;
    std::size_t digits_ = 0;
    std::size_t overhead_ = 0;  ///< bytes of this extension or of all trailers
    std::string trailer_line_;
};

}  // namespace carrel::net
