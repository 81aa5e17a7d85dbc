// How a task of a test failed.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "async/task.hpp"
#include "core/error.hpp"

namespace carrel::fakes {

/// The reason of the core::Error that the task ends with; empty when it works.
template <class T>
async::Task<std::string> reason_of(async::Task<T> task) {
    try {
        co_await std::move(task);
        co_return "";
    } catch (const core::Error& error) {
        co_return error.reason();
    }
}

/// The core::Error that the task ends with; it must end with one.
template <class T>
async::Task<core::Error> error_of(async::Task<T> task) {
    try {
        co_await std::move(task);
    } catch (const core::Error& error) {
        co_return error;
    }
    throw std::logic_error{"no error"};
}

}  // namespace carrel::fakes
