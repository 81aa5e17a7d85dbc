#include "driver/native/jail_workspaces.hpp"

#include "core/text.hpp"
#include "driver/native/jail_words.hpp"
#include "driver/native/pipe_source.hpp"
#include "jail/wire/spec.hpp"

namespace carrel::driver::native {

namespace {

/// A line is some hundred bytes at most.
constexpr std::size_t longest_list = std::size_t{4} << 20;

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
