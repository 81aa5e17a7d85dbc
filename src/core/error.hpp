// Errors: what went wrong, where, and what would be right.
//
// Everything that acts throws `Error`. A pure function that judges untrusted bytes returns
// `Expected<T>` instead, because for it a refusal is an ordinary answer. What an Error is in HTTP is
// a table, `net/status`.
#pragma once

#include <exception>
#include <expected>
#include <string>
#include <string_view>

namespace carrel::core {

/// The kind of failure; decides the HTTP status (see net/status) and whether a caller may retry.
enum class Code {
    invalid,       ///< the request is wrong and will stay wrong
    unauthorized,  ///< no or wrong credentials
    forbidden,     ///< known caller, not allowed
    not_found,
    conflict,     ///< the state of the thing forbids it now
    exhausted,    ///< a limit is reached
    timeout,      ///< a deadline passed
    unavailable,  ///< a part that is needed is not there now
    internal,     ///< our fault, or the kernel's
};

/// "not_found" and the like: stable, part of the API.
std::string_view name_of(Code code);

class Error : public std::exception {
public:
    /// `message` is a sentence that its reader can act on, without a final full stop.
    /// `reason` is an optional stable snake_case word for programs, such as
    /// "tool_server_restarted"; without one it is the code's name.
    Error(Code code, std::string message, std::string reason = {});

    Code code() const { return code_; }
    const std::string& message() const { return message_; }
    const std::string& reason() const { return reason_; }
    const char* what() const noexcept override { return message_.c_str(); }

    /// Puts context before the message: `throw error.during("making desk d1")`.
    Error& during(std::string_view context);

private:
    Code code_;
    std::string message_;
    std::string reason_;
};

template <class T>
using Expected = std::expected<T, Error>;

inline std::unexpected<Error> refuse(std::string message, Code code = Code::invalid) {
    return std::unexpected{Error{code, std::move(message)}};
}

/// The value, or its Error thrown.
template <class T>
T value_or_throw(Expected<T> result) {
    if (!result) throw std::move(result.error());
    return std::move(*result);
}

/// The message of any exception, for logs and events.
std::string message_of(std::exception_ptr failure);

}  // namespace carrel::core
