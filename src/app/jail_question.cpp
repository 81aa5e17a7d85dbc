#include "app/jail_question.hpp"

#include <sys/socket.h>

#include <array>

#include "core/sys.hpp"

namespace carrel::app {

jail::wire::Answer ask(const core::Fd& socket, jail::wire::What what) {
    const auto question = jail::wire::format_request({.number = 1, .what = std::move(what)});
    core::checked("ask the jail", ::send(socket.get(), question.data(), question.size(), MSG_NOSIGNAL));
    std::array<char, jail::wire::longest_answer> buffer;
    const auto count = core::checked("hear the jail", ::recv(socket.get(), buffer.data(), buffer.size(), 0));
    if (count == 0)
        throw core::Error{core::Code::unavailable,
                          "carrel-jail cannot make desks here; its own words stand above"};
    auto answer =
        core::value_or_throw(jail::wire::parse_answer({buffer.data(), static_cast<std::size_t>(count)}));
    if (answer.error) throw std::move(*answer.error);
    return answer;
}

}  // namespace carrel::app
