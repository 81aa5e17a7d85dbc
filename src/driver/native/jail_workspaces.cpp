#include "driver/native/jail_workspaces.hpp"

#include <unistd.h>

#include <array>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>

#include "core/sys.hpp"
#include "core/text.hpp"
#include "driver/native/jail_words.hpp"
#include "jail/wire/spec.hpp"

namespace carrel::driver::native {

namespace {

/// A line is some hundred bytes at most.
constexpr std::size_t longest_list = std::size_t{4} << 20;

class PipeSource final : public net::Source {
public:
    PipeSource(async::Executor executor, core::Fd pipe) : pipe_{std::move(executor), pipe.release()} {}

    Task<std::size_t> read(std::span<char> into) override {
        if (first_.empty()) co_return co_await read_on(into);
        const auto count = first_.copy(into.data(), into.size());
        first_.erase(0, count);
        co_return count;
    }

    /// Waits until there is something to read. Throws unavailable when the reader has ended without a word:
    /// it could not even open the workspace.
    Task<> await_first() {
        std::array<char, std::size_t{4} << 10> buffer;
        const auto count = co_await read_on(buffer);
        if (count == 0)
            throw core::Error{core::Code::unavailable,
                              "the workspace cannot be opened; try again in a moment"};
        first_.assign(buffer.data(), count);
    }

private:
    Task<std::size_t> read_on(std::span<char> into) {
        boost::system::error_code error;
        const auto count =
            co_await pipe_.async_read_some(boost::asio::buffer(into.data(), into.size()),
                                           boost::asio::redirect_error(boost::asio::use_awaitable, error));
        if (error && error != boost::asio::error::eof)
            throw core::Error{core::Code::unavailable, "reading the workspace broke off: " + error.message()};
        co_return count;
    }

    boost::asio::posix::stream_descriptor pipe_;
    std::string first_;  ///< read before anybody asked for it
};

/// Judged here, too, so that a wrong name is told as such and not as the jail's refusal.
void require_name(const std::string& name) {
    if (!jail::wire::is_workspace_name(name))
        throw core::Error{core::Code::not_found, "there is no workspace of that name", "no_workspace"};
}

}  // namespace

std::vector<fleet::Workspace> parse_workspaces(std::string_view text) {
    std::vector<fleet::Workspace> all;
    for (const auto line : core::split(text, '\n')) {
        const auto words = core::split(line, ' ');
        if (words.size() != 5) continue;
        const auto bytes = core::parse_unsigned(words[1]), files = core::parse_unsigned(words[2]),
                   modified = core::parse_unsigned(words[3]), quota = core::parse_unsigned(words[4]);
        if (!jail::wire::is_workspace_name(words[0]) || !bytes || !files || !modified || !quota) continue;
        all.push_back({.name = std::string{words[0]},
                       .bytes = *bytes,
                       .files = *files,
                       .modified = std::chrono::system_clock::from_time_t(static_cast<time_t>(*modified)),
                       .quota = *quota > 0 ? quota : std::nullopt});
    }
    return all;
}

Task<std::vector<fleet::Workspace>> JailWorkspaces::list(std::string principal) {
    auto reply = co_await jail_.ask(jail::wire::ListWorkspaces{owner_of(principal)});
    if (!reply.stream) co_return std::vector<fleet::Workspace>{};
    PipeSource source{executor_, std::move(reply.stream)};
    co_return parse_workspaces(co_await net::read_all(source, longest_list));
}

Task<std::unique_ptr<net::Source>> JailWorkspaces::archive(std::string principal, std::string name) {
    require_name(name);
    auto reply = co_await jail_.ask(jail::wire::ReadWorkspace{owner_of(principal), std::move(name)});
    auto source = std::make_unique<PipeSource>(executor_, std::move(reply.stream));
    co_await source->await_first();
    co_return source;
}

Task<> JailWorkspaces::remove(std::string principal, std::string name) {
    require_name(name);
    co_await jail_.ask(jail::wire::DeleteWorkspace{owner_of(principal), std::move(name)});
}

}  // namespace carrel::driver::native
