// One question on its way to the host's name servers and back, over UDP or TCP. Each waits for one
// descriptor at a time and is told when that is ready, or when its time is over.
#pragma once

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/fd.hpp"
#include "jail/dns/message.hpp"
#include "jail/dns/ration.hpp"
#include "jail/dns/servers.hpp"

namespace carrel::jail::dns {

using Clock = std::chrono::steady_clock;

/// What poll() should wait for, and how long at most.
struct Wait {
    int descriptor;
    short events;
    Clock::time_point until;
};

/// A datagram's question. Each server is asked from a socket of its own that takes answers from
/// there only, with a random number: a forger must guess both that and the port.
class Datagram {
public:
    /// `client` asked `query` on the socket `back`, which outlives this.
    Datagram(int back, const sockaddr_in& client, Query query, std::vector<ServerAddress> servers);

    Wait wait() const { return {socket_.get(), POLLIN, until_}; }
    /// False when it is over: answered, or every server failed.
    bool on_ready();
    bool on_late() { return ask_next(); }
    bool is_over() const { return !socket_; }
    std::uint32_t client() const { return client_.sin_addr.s_addr; }

private:
    bool ask_next();
    void answer(std::string bytes);

    int back_;
    sockaddr_in client_;
    std::uint16_t client_id_;
    Query query_;
    std::vector<ServerAddress> servers_;
    std::size_t asked_ = 0;
    std::string last_answer_;  ///< an unhelpful one, better than none
    core::Fd socket_;
    Clock::time_point until_;
};

/// A client's TCP connection: one question after another, each passed on over a connection of its
/// own (RFC 7766). For answers that are too long for a datagram.
class Connection {
public:
    /// `servers` and `ration` outlive this. A question beyond the ration ends the connection.
    Connection(core::Fd client, std::uint32_t address, Servers& servers, Ration& ration);

    Wait wait() const;
    bool on_ready();
    bool on_late();
    std::uint32_t client() const { return address_; }

private:
    enum class Phase { reading_query, asking, reading_answer, answering };

    bool begin(Phase phase, std::string outgoing = {});
    bool take_query();
    bool ask_next();
    bool take_answer();
    bool fail();
    /// False when the other end is gone.
    bool read_into(std::string& bytes);
    bool write_some();

    core::Fd client_;
    std::uint32_t address_;
    Servers& servers_;
    Ration& ration_;
    core::Fd server_;
    Phase phase_ = Phase::reading_query;
    std::size_t asked_ = 0;
    std::optional<Query> query_;
    std::string from_client_;
    std::string from_server_;
    std::string outgoing_;
    Clock::time_point until_;
};

}  // namespace carrel::jail::dns
