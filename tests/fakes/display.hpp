// An X server that says what a test lets it say: for what a real one does only now and then.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "core/fd.hpp"
#include "core/sys.hpp"

namespace carrel::fakes {

/// Takes one connection, which DISPLAY leads to as long as this lives. What it sends is laid out as the X11
/// protocol has it (appendix B, encoding), in this machine's byte order.
class Display {
public:
    Display() {
        // A client that does not come fails the test.
        const timeval patience{.tv_sec = 20, .tv_usec = 0};
        ::setsockopt(listener_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        core::checked("bind", ::bind(listener_.get(), generic, length));
        core::checked("listen", ::listen(listener_.get(), 1));
        core::checked("getsockname", ::getsockname(listener_.get(), generic, &length));
        constexpr int first_port = 6000;
        ::setenv("DISPLAY", ("127.0.0.1:" + std::to_string(ntohs(address.sin_port) - first_port)).c_str(), 1);
    }
    ~Display() { ::unsetenv("DISPLAY"); }
    Display(const Display&) = delete;
    Display& operator=(const Display&) = delete;

    /// Waits for the client and describes one screen without anything to it. Blocks: in another thread than
    /// the client's.
    void accept() {
        client_ =
            core::Fd{core::checked("accept", ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC))};
        auto head = receive(12);
        std::array<std::uint16_t, 2> lengths;  // of the name and the data of its authorization
        std::memcpy(lengths.data(), head.data() + 6, sizeof lengths);
        for (const auto length : lengths) receive((length + 3U) / 4 * 4);
        send(description());
    }

    /// Is in the client's socket when this returns.
    void send(std::string_view bytes) {
        core::checked("send", ::send(client_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
    }

    /// An answer to the client's request of that number (counted from 1) with nothing in it.
    static std::string reply(unsigned number) { return message(1, number); }
    /// An event of that kind with nothing in it, sent after the request of that number.
    static std::string event(int kind, unsigned number) { return message(kind, number); }

private:
    static constexpr std::size_t setup_bytes = 32;
    static constexpr std::size_t screen_bytes = 40;

    template <class Number>
    static void put(std::string& bytes, std::size_t place, Number number) {
        std::memcpy(bytes.data() + place, &number, sizeof number);
    }

    static std::string message(int kind, unsigned number) {
        std::string bytes(32, '\0');
        bytes[0] = static_cast<char>(kind);
        put(bytes, 2, static_cast<std::uint16_t>(number));
        return bytes;
    }

    static std::string description() {
        std::string answer(8 + setup_bytes + screen_bytes, '\0');
        answer[0] = 1;  // the client may connect
        put(answer, 2, std::uint16_t{11});
        put(answer, 6, static_cast<std::uint16_t>((setup_bytes + screen_bytes) / 4));
        put(answer, 12, std::uint32_t{0x0020'0000});     // where the client's numbers begin
        put(answer, 16, std::uint32_t{0x001f'ffff});     // and which of their bits it chooses
        put(answer, 26, std::uint16_t{0xffff});          // the longest request, in words
        answer[28] = 1;                                  // screens
        answer[34] = 8;                                  // the least keycode
        answer[35] = static_cast<char>(255);             // the largest
        put(answer, 8 + setup_bytes, std::uint32_t{1});  // the screen's root window
        return answer;
    }

    std::string receive(std::size_t count) {
        std::string bytes(count, '\0');
        if (count > 0) core::checked("receive", ::recv(client_.get(), bytes.data(), count, MSG_WAITALL));
        return bytes;
    }

    core::Fd listener_{core::checked("socket", ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))};
    core::Fd client_;
};

}  // namespace carrel::fakes
