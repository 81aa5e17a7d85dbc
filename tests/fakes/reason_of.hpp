// How a task of a test failed.
#pragma once

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

}  // namespace carrel::fakes
