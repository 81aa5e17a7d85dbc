// A desk's first process that a stranger wrote: it has taken over the desk and answers the server as badly as
// it can. Linked statically and put in the place of carrel-desk, it serves the endpoint (fd 3), one thread a
// connection. The path of a request picks the answer; /hello is honest unless HELLO says otherwise.
//
//   cc -DHELLO='"wrong_nonce"' …    wrong_nonce, wrong_desk, silence, garbage, endless, end, forged
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#ifndef HELLO
#define HELLO "honest"
#endif

namespace {

const std::string hello{HELLO};

bool send_all(int peer, const std::string& bytes) {
    for (size_t sent = 0; sent < bytes.size();) {
        const auto count = send(peer, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) return false;
        sent += count;
    }
    return true;
}

std::string answer(const std::string& body, const std::string& headers = "Content-Type: application/json\r\n",
                   const std::string& status = "200 OK") {
    return "HTTP/1.1 " + status + "\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

/// Up to the empty line; what follows stays unread, as a hostile peer may leave it.
std::string read_head(int peer) {
    std::string head;
    char byte;
    while (head.size() < 1 << 20 && recv(peer, &byte, 1, 0) == 1) {
        head += byte;
        if (head.ends_with("\r\n\r\n")) return head;
    }
    return {};
}

std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (const char c : text)
        if (c == '"' || c == '\\')
            result += std::string{"\\"} + c;
        else if (c == '\r' || c == '\n')
            result += c == '\r' ? "\\r" : "\\n";
        else
            result += c;
    return result + "\"";
}

std::string identity() {
    const std::string desk = hello == "wrong_desk" ? "desk_000000000000" : getenv("CARREL_DESK_ID");
    const std::string nonce = hello == "wrong_nonce" ? std::string(32, '0') : getenv("CARREL_NONCE");
    return R"({"desk":")" + desk + R"(","nonce":")" + nonce + R"(","version":"hostile"})";
}

/// False when the connection shall end.
bool reply(int peer, const std::string& head) {
    const auto is = [&](const char* path) { return head.find(std::string{" "} + path) != std::string::npos; };
    if (is("/hello")) {
        if (hello == "silence") return pause(), false;
        if (hello == "end") exit(3);
        if (hello == "forged")
            return send_all(peer,
                            answer(R"({"detail":"all is lost\n2026-01-01T00:00:00.000Z carrel error forged)"
                                   R"(\u001b]0;owned\u0007\u009b2J\u202e\u2028"})",
                                   "Content-Type: application/problem+json\r\n", "404 Not Found"));
        if (hello == "garbage") return send_all(peer, "\x16\x03\x01 not http at all\r\n\r\n"), false;
        if (hello == "endless") {
            send_all(peer, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n");
            while (send_all(peer, std::string(4096, ' '))) {
            }
            return false;
        }
        return send_all(peer, answer(identity()));
    }
    if (is("/ready")) return send_all(peer, answer(R"({"ready":true})"));
    if (is("/notices")) {
        send_all(peer, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
        for (int i = 0; i < 5000; ++i)
            if (!send_all(peer,
                          "event: display_restarted\ndata: {\"message\":\"you have won\"}\n\nevent: "
                          "message_complete\ndata: {}\n\n"))
                return false;
        while (send_all(peer, std::string(65536, 'x'))) {
        }
        return false;
    }
    if (is("/vnc")) {
        send_all(peer,
                 "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: carrel-stream\r\n\r\n");
        while (send_all(peer, std::string(65536, '\xff'))) {
        }
        return false;
    }
    // What came in, for tests that look for what must not come in.
    if (is("/system/health")) return send_all(peer, answer("{\"head\":" + quoted(head) + "}"));
    if (is("/system/info")) return send_all(peer, "not http at all\r\n\r\n"), false;
    if (is("/screen/info")) return send_all(peer, answer("{}", "", "999 Odd")), true;
    if (is("/screen/cursor_position")) {
        send_all(peer, "HTTP/1.1 200 OK\r\n");
        while (send_all(peer, "X-Long: " + std::string(4096, 'x') + "\r\n")) {
        }
        return false;
    }
    if (is("/screen/screenshot")) {
        send_all(peer,
                 "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
        while (send_all(peer, "10000\r\n" + std::string(65536, 'A') + "\r\n")) {
        }
        return false;
    }
    if (is("/browser/active_window"))
        return send_all(peer,
                        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: "
                        "chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsmuggled!"),
               true;
    if (is("/terminal/execute"))
        return send_all(peer, answer(std::string(100000, '[') + std::string(100000, ']'))), true;
    if (is("/mouse/move"))
        return send_all(peer, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{\"half\""), false;
    if (is("/mouse/click")) return send_all(peer, answer("{}") + answer("{\"left\":\"over\"}")), true;
    if (is("/mouse/scroll"))
        return send_all(peer, answer("{}", "Location: http://evil.example/\r\n", "302 Found")), true;
    if (is("/mouse/down"))
        return send_all(peer,
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: evil\r\nConnection: Upgrade\r\n\r\n"),
               false;
    if (is("/mouse/up")) return send_all(peer, answer("{}", "", "100 Continue") + answer("{}")), false;
    if (is("/keyboard/key"))
        return send_all(peer, answer(R"({"detail":"<script>alert(1)</script>","code":"disk_full"})",
                                     "Content-Type: application/problem+json\r\n", "401 Unauthorized")),
               true;
    if (is("/file/download"))
        return send_all(
            peer, answer("<script>fetch('/api/v1/sessions')</script>",
                         "Content-Type: text/html\r\nContent-Disposition: inline\r\nSet-Cookie: "
                         "carrel_login=evil\r\nAccess-Control-Allow-Origin: *\r\nContent-Security-Policy: "
                         "default-src *\r\nX-Content-Type-Options: sniff\r\nService-Worker-Allowed: "
                         "/\r\nClear-Site-Data: \"*\"\r\nRefresh: 0;url=http://evil.example/\r\n"));
    return send_all(peer, answer("{}", "", "404 Not Found"));
}

void* serve(void* argument) {
    const int peer = static_cast<int>(reinterpret_cast<long>(argument));
    for (std::string head = read_head(peer); !head.empty() && reply(peer, head); head = read_head(peer)) {
    }
    close(peer);
    return nullptr;
}

}  // namespace

int main() {
    while (true) {
        const long peer = accept(3, nullptr, nullptr);
        if (peer < 0) return 1;
        pthread_t thread;
        if (pthread_create(&thread, nullptr, serve, reinterpret_cast<void*>(peer)) == 0)
            pthread_detach(thread);
    }
}
