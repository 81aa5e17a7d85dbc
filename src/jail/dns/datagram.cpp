#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>

#include "core/sys.hpp"
#include "jail/dns/exchange.hpp"

namespace carrel::jail::dns {

namespace {

constexpr std::chrono::seconds datagram_patience{2};
/// A datagram may be lost: a lone server is asked twice.
constexpr std::size_t least_attempts = 2;

std::uint16_t random_id() {
    std::uint16_t id = 0;
    core::checked("getrandom", ::getrandom(&id, sizeof id, 0));
    return id;
}

}  // namespace

Datagram::Datagram(int back, const sockaddr_in& client, Query query, std::vector<ServerAddress> servers)
    : back_{back},
      client_{client},
      client_id_{id_of(query.bytes)},
      query_{std::move(query)},
      servers_{std::move(servers)} {
    ask_next();
}

bool Datagram::ask_next() {
    const auto attempts = std::max(servers_.size(), least_attempts);
    while (asked_ < attempts) {
        const auto& server = servers_[asked_++ % servers_.size()];
        socket_ = core::Fd{::socket(server.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
        set_id(query_.bytes, random_id());
        if (!socket_ || ::connect(socket_.get(), &server.any, server.size()) < 0) continue;
        if (::send(socket_.get(), query_.bytes.data(), query_.bytes.size(), 0) < 0) continue;
        until_ = Clock::now() + datagram_patience;
        return true;
    }
    if (last_answer_.empty()) last_answer_ = format_failure(query_.bytes, Rcode::server_failure).value_or("");
    answer(std::move(last_answer_));
    return false;
}

bool Datagram::on_ready() {
    char buffer[longest_answer];
    const auto count = ::recv(socket_.get(), buffer, sizeof buffer, 0);
    if (count < 0) return errno == EAGAIN || errno == EINTR || ask_next();
    const std::string_view bytes{buffer, static_cast<std::size_t>(count)};
    if (const auto code = find_bare_failure(query_, bytes)) {
        last_answer_ = format_failure(query_.bytes, *code).value_or("");
        return ask_next();
    }
    // A forged answer changes nothing: the true one may still come.
    if (!is_answer_to(query_, bytes)) return true;
    if (is_unhelpful(bytes)) {
        last_answer_ = bytes;
        return ask_next();
    }
    answer(std::string{bytes});
    return false;
}

void Datagram::answer(std::string bytes) {
    set_id(bytes, client_id_);
    ::sendto(back_, bytes.data(), bytes.size(), MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&client_),
             sizeof client_);
    socket_.reset();
}

}  // namespace carrel::jail::dns
