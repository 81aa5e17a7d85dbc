#include "session/desk_logs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/log.hpp"
#include "core/text.hpp"

namespace carrel::session {

namespace {

/// What an error's message has room for.
constexpr std::size_t told_lines = 5;
constexpr std::size_t longest_told_line = 200;  // bytes

SaidLines read_lines(const fleet::DeskLogs& logs, const std::vector<std::string>& desks, std::size_t most) {
    SaidLines said;
    for (const auto& desk : desks) {
        auto log = logs.read(desk);
        said.is_truncated |= !log.is_complete;
        for (auto& line : log.lines) said.lines.push_back({desk, std::move(line)});
    }
    if (said.lines.size() <= most) return said;
    said.is_truncated = true;
    said.lines.erase(said.lines.begin(), said.lines.end() - static_cast<std::ptrdiff_t>(most));
    return said;
}

void remove_logs(const fleet::DeskLogs& logs, const std::vector<std::string>& desks) {
    for (const auto& desk : desks) try {
            logs.remove(desk);
        } catch (const core::Error& error) {
            core::log_warning("{}", error.message());  // the next start sweeps it
        }
}

}  // namespace

Task<std::vector<std::string>> DeskLogs::desks_of(std::string session) {
    return store_.run([session](store::Transaction& t) { return t.desks_of_session(session); });
}

Task<SaidLines> DeskLogs::last_lines(std::string session, std::size_t most) {
    auto desks = co_await desks_of(std::move(session));
    // Those before have none any more (forget_older); a crash in the middle of that must not show it.
    desks.resize(std::min<std::size_t>(desks.size(), 2));
    std::ranges::reverse(desks);
    co_return co_await async::run_on(
        pool_, [&logs = logs_, desks = std::move(desks), most] { return read_lines(logs, desks, most); });
}

Task<core::Error> DeskLogs::explain(core::Error error, std::string session) {
    // What was wrong with the wish says all; and a log may tell what of it is secret.
    if (error.code() == core::Code::invalid) co_return error;
    std::vector<SaidLine> lines;
    try {
        auto desks = co_await desks_of(std::move(session));
        desks.resize(std::min<std::size_t>(desks.size(), 1));
        lines = (co_await async::run_on(pool_, [&logs = logs_, desks] {
                    return read_lines(logs, desks, told_lines);
                })).lines;
    } catch (const core::Error& failure) {
        // What happened first is what is told.
        core::log_warning("{}", failure.message());
    }
    if (lines.empty()) co_return error;
    auto message = error.message() + "; its log ends with:";
    for (const auto& [desk, line] : lines)
        message += fmt::format("{} {}: {}", &desk == &lines.front().desk ? "" : " |",
                               core::name_of(line.speaker), core::utf8_prefix(line.text, longest_told_line));
    core::log_warning("{}", message);
    co_return core::Error{error.code(), std::move(message), error.reason()};
}

Task<> DeskLogs::forget_older(std::string session) {
    auto desks = co_await desks_of(std::move(session));
    if (desks.size() < 2) co_return;
    desks.erase(desks.begin());
    co_await forget(std::move(desks));
}

Task<> DeskLogs::forget(std::vector<std::string> desks) {
    co_await async::run_on(pool_, [&logs = logs_, desks = std::move(desks)] { remove_logs(logs, desks); });
}

Task<> DeskLogs::sweep() {
    // Listed first: a desk's row is there before its log.
    auto desks = co_await async::run_on(pool_, [&logs = logs_] { return logs.list(); });
    auto unknown = co_await store_.run([desks = std::move(desks)](store::Transaction& t) {
        std::vector<std::string> left;
        for (const auto& desk : desks)
            if (!t.has_desk(desk)) left.push_back(desk);
        return left;
    });
    co_await forget(std::move(unknown));
}

}  // namespace carrel::session
