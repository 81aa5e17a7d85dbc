#include <sys/socket.h>

#include "core/sys.hpp"
#include "jail/dns/exchange.hpp"

namespace carrel::jail::dns {

namespace {

constexpr std::chrono::seconds connection_patience{5};
/// Of bytes that a client may send ahead.
constexpr std::size_t longest_backlog = 4 * longest_query;

/// Over TCP each message has its length before it, in two bytes.
std::string frame(std::string_view message) {
    std::string bytes{static_cast<char>(message.size() >> 8), static_cast<char>(message.size() & 0xFF)};
    return bytes.append(message);
}

/// The message that `bytes` begins with; nothing while it is not complete.
std::optional<std::string_view> find_message(std::string_view bytes) {
    if (bytes.size() < 2) return std::nullopt;
    const auto size = static_cast<std::size_t>(static_cast<unsigned char>(bytes[0])) << 8 |
                      static_cast<unsigned char>(bytes[1]);
    if (bytes.size() < 2 + size) return std::nullopt;
    return bytes.substr(2, size);
}

bool is_later(int error) { return error == EAGAIN || error == EINTR || error == EINPROGRESS; }

}  // namespace

Connection::Connection(core::Fd client, std::uint32_t address, Servers& servers, Ration& ration)
    : client_{std::move(client)},
      address_{address},
      servers_{servers},
      ration_{ration},
      until_{Clock::now() + connection_patience} {}

Wait Connection::wait() const {
    switch (phase_) {
        case Phase::reading_query: return {client_.get(), POLLIN, until_};
        case Phase::asking: return {server_.get(), POLLOUT, until_};
        case Phase::reading_answer: return {server_.get(), POLLIN, until_};
        case Phase::answering: return {client_.get(), POLLOUT, until_};
    }
    std::unreachable();
}

bool Connection::begin(Phase phase, std::string outgoing) {
    phase_ = phase;
    outgoing_ = std::move(outgoing);
    until_ = Clock::now() + connection_patience;
    return true;
}

bool Connection::on_ready() {
    switch (phase_) {
        case Phase::reading_query: return read_into(from_client_) && take_query();
        case Phase::asking:
            if (!write_some()) return ask_next();
            return !outgoing_.empty() || begin(Phase::reading_answer);
        case Phase::reading_answer: return read_into(from_server_) ? take_answer() : ask_next();
        case Phase::answering:
            if (!write_some()) return false;
            // Clients send further questions without waiting for the first one's answer.
            return !outgoing_.empty() || (begin(Phase::reading_query) && take_query());
    }
    std::unreachable();
}

bool Connection::on_late() {
    const bool is_asking = phase_ == Phase::asking || phase_ == Phase::reading_answer;
    return is_asking && ask_next();
}

bool Connection::take_query() {
    const auto found = find_message(from_client_);
    if (!found) return from_client_.size() <= longest_backlog;
    if (!ration_.take(address_, Clock::now())) return false;
    const std::string message{*found};
    from_client_.erase(0, 2 + message.size());
    auto query = parse_query(message);
    if (!query) {
        const auto failure = format_failure(message, query.error());
        return failure && begin(Phase::answering, frame(*failure));
    }
    query_ = std::move(*query);
    asked_ = 0;
    return ask_next();
}

bool Connection::ask_next() {
    const auto servers = servers_.now();
    while (asked_ < servers.size()) {
        const auto& server = servers[asked_++];
        server_ = core::Fd{::socket(server.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
        if (!server_) continue;
        if (::connect(server_.get(), &server.any, server.size()) < 0 && !is_later(errno)) continue;
        from_server_.clear();
        return begin(Phase::asking, frame(query_->bytes));
    }
    return fail();
}

bool Connection::take_answer() {
    const auto message = find_message(from_server_);
    if (!message) return true;
    if (!is_answer_to(*query_, *message)) return ask_next();
    server_.reset();
    return begin(Phase::answering, frame(*message));
}

bool Connection::fail() {
    server_.reset();
    const auto failure = format_failure(query_->bytes, Rcode::server_failure);
    return failure && begin(Phase::answering, frame(*failure));
}

bool Connection::read_into(std::string& bytes) {
    char buffer[8192];
    const auto count = ::recv(wait().descriptor, buffer, sizeof buffer, 0);
    if (count < 0) return is_later(errno);
    bytes.append(buffer, static_cast<std::size_t>(count));
    return count > 0;
}

bool Connection::write_some() {
    const auto count = ::send(wait().descriptor, outgoing_.data(), outgoing_.size(), MSG_NOSIGNAL);
    if (count < 0) return is_later(errno);
    outgoing_.erase(0, static_cast<std::size_t>(count));
    return true;
}

}  // namespace carrel::jail::dns
