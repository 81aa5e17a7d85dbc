#include "core/error.hpp"

#include <utility>

namespace carrel::core {

std::string_view name_of(Code code) {
    switch (code) {
        case Code::invalid: return "invalid";
        case Code::unauthorized: return "unauthorized";
        case Code::forbidden: return "forbidden";
        case Code::not_found: return "not_found";
        case Code::conflict: return "conflict";
        case Code::exhausted: return "exhausted";
        case Code::timeout: return "timeout";
        case Code::unavailable: return "unavailable";
        case Code::internal: return "internal";
    }
    std::unreachable();
}

Error::Error(Code code, std::string message, std::string reason)
    : code_{code},
      message_{std::move(message)},
      reason_{reason.empty() ? std::string{name_of(code)} : std::move(reason)} {}

Error& Error::during(std::string_view context) {
    message_.insert(0, std::string{context} + ": ");
    return *this;
}

std::string message_of(std::exception_ptr failure) {
    if (!failure) return "no error";
    try {
        std::rethrow_exception(std::move(failure));
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "an exception of an unknown type";
    }
}

}  // namespace carrel::core
