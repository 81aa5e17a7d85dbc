// multipart/form-data (RFC 7578, RFC 2046 §5.1), read as it comes. Pure and bounded: parts of any size
// pass through, nothing of them is collected.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace carrel::desk::transfer {

/// The boundary that a Content-Type header names; why there is none otherwise.
core::Expected<std::string> parse_boundary(std::string_view content_type);

/// What a part says about itself.
struct PartHead {
    std::string name;                     ///< of the form's field
    std::optional<std::string> filename;  ///< as the sender calls it: no path to be trusted
};

/// Takes the body in pieces of any size and calls back in order: begin, data (any number of times), end.
class MultipartParser {
public:
    struct Events {
        std::function<void(PartHead)> begin;
        std::function<void(std::string_view)> data;
        std::function<void()> end;
    };

    MultipartParser(std::string_view boundary, Events events);

    /// Refuses what is no multipart body; nothing may be pushed after that.
    core::Expected<void> push(std::string_view bytes);
    /// Refuses a body that ends before its closing boundary.
    core::Expected<void> finish() const;

private:
    enum class State { preamble, after_boundary, head, content, epilogue };
    enum class Step { went_on, needs_more };

    core::Expected<Step> step();
    core::Expected<Step> skip_preamble();
    core::Expected<Step> leave_boundary();
    core::Expected<Step> read_head();
    core::Expected<Step> pass_content();

    std::size_t find_delimiter() const;

    std::string delimiter_;  ///< CR LF "--" boundary
    Events events_;
    State state_ = State::preamble;
    std::string waiting_;
    std::size_t skipped_ = 0;
    std::size_t parts_ = 0;
};

}  // namespace carrel::desk::transfer
