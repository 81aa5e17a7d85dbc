// session, exec, screenshot, logs: what a person or a script asks of a running server.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <vector>

#include "app/client.hpp"
#include "app/commands/commands.hpp"
#include "core/error.hpp"
#include "core/id.hpp"
#include "core/sys.hpp"
#include "net/sse.hpp"
#include "vendors/vendors.hpp"

namespace carrel::app {

namespace {

struct ClientOptions {
    std::string server = ServerAddress{}.url;
    std::string id;
    std::string title;
    std::string provider;
    std::string model;
    std::string network;
    std::string text;
    std::string file;
    std::vector<std::string> command;
    int timeout = 30;
    bool follow = false;
    bool purge = false;
};

Client client_of(const ClientOptions& options) {
    const char* key = std::getenv("CARREL_TOKEN");
    return Client{{.url = options.server, .key = key ? key : ""}};
}

std::string path_of(const ClientOptions& options, std::string_view rest = {}) {
    if (!core::is_id("sess_", options.id))
        throw core::Error{core::Code::invalid,
                          fmt::format("\"{}\" is no session: `carrel session list` shows them", options.id)};
    return fmt::format("/api/v1/sessions/{}{}", options.id, rest);
}

void print_session(const json::Value& session) {
    const auto* desk = json::find(session, "desk");
    std::cout << fmt::format("{}  {:8}  {:10}  {}\n", json::text_or(session, "id"),
                             desk ? json::text_or(*desk, "state") : "", json::text_or(session, "provider"),
                             json::text_or(session, "title", "(no title)"));
}

int list_sessions(const ClientOptions& options) {
    const auto page = client_of(options).call("GET", "/api/v1/sessions?limit=100");
    for (const auto& session : page.at("sessions").as_array()) print_session(session);
    return 0;
}

int new_session(const ClientOptions& options) {
    json::Object wish;
    for (const auto& [name, value] :
         {std::pair{"title", &options.title}, std::pair{"provider", &options.provider},
          std::pair{"model", &options.model}, std::pair{"network", &options.network}})
        if (!value->empty()) wish[name] = *value;
    print_session(client_of(options).call("POST", "/api/v1/sessions", &wish));
    return 0;
}

int remove_session(const ClientOptions& options) {
    client_of(options).call("DELETE", path_of(options, options.purge ? "?purge=true" : ""));
    return 0;
}

int send_message(const ClientOptions& options) {
    const json::Object body{{"content", options.text}};
    std::cout << json::text_or(client_of(options).call("POST", path_of(options, "/messages"), &body),
                               "message_id")
              << "\n";
    return 0;
}

int cancel_turn(const ClientOptions& options) {
    std::cout << json::text_or(client_of(options).call("POST", path_of(options, "/cancel")), "message")
              << "\n";
    return 0;
}

/// The words as one command line: a single word is taken as it is, several are quoted for the shell.
std::string command_line(const std::vector<std::string>& words) {
    if (words.size() == 1) return words.front();
    std::string line;
    for (const auto& word : words) {
        line += line.empty() ? "'" : " '";
        for (const char c : word) line += c == '\'' ? std::string{"'\\''"} : std::string{c};
        line += '\'';
    }
    return line;
}

int execute(const ClientOptions& options) {
    const json::Object body{{"command", command_line(options.command)}, {"timeout", options.timeout}};
    const auto answer = client_of(options).call("POST", path_of(options, "/desk/terminal/execute"), &body);
    std::cout << json::text_or(answer, "output");
    std::cerr << json::text_or(answer, "error");
    if (const auto system = json::text_or(answer, "system"); !system.empty())
        std::cerr << "carrel: " << system << "\n";
    const auto* code = json::find(answer, "exit_code");
    return code && code->is_int64() ? static_cast<int>(code->as_int64()) : 1;
}

int screenshot(const ClientOptions& options) {
    const bool is_jpeg = options.file.ends_with(".jpg") || options.file.ends_with(".jpeg");
    core::Fd file = options.file == "-" ? core::Fd{::dup(1)} : core::Fd{};
    client_of(options).stream(
        "GET", path_of(options, is_jpeg ? "/desk/screen/screenshot?format=jpeg" : "/desk/screen/screenshot"),
        is_jpeg ? "image/jpeg" : "image/png", nullptr, [&](std::string_view piece) {
            // Only now: a refusal leaves no empty file, and takes no older picture away.
            if (!file) file = core::open_file(options.file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
            core::write_all(file.get(), piece);
            return true;
        });
    return 0;
}

void print_event(std::string_view name, std::string_view data) {
    std::cout << name << " " << data << std::endl;
}

int show_log(const ClientOptions& options) {
    auto client = client_of(options);
    if (options.follow) {
        net::SseParser parser{std::size_t{4} << 20};
        client.stream("GET", path_of(options, "/stream?last_event_id=0"), "text/event-stream", nullptr,
                      [&](std::string_view piece) {
                          if (auto pushed = parser.push(piece); !pushed) throw std::move(pushed.error());
                          while (const auto event = parser.pop())
                              if (event->event != "keepalive") print_event(event->event, event->data);
                          return true;
                      });
        return 0;
    }
    std::int64_t last = 0;
    while (true) {
        const auto page =
            client.call("GET", path_of(options, fmt::format("/events?after={}&limit=500", last)));
        const auto& events = page.at("events").as_array();
        for (const auto& event : events) {
            print_event(json::text_or(event, "event"), json::to_text(event.at("data")));
            last = event.at("seq").as_int64();
        }
        if (events.empty()) return 0;
    }
}

CLI::App* add_word(CLI::App& parent, const char* name, const char* description,
                   const std::shared_ptr<ClientOptions>& options, Action& action,
                   int (*function)(const ClientOptions&)) {
    auto* word = parent.add_subcommand(name, description);
    word->add_option("--server", options->server, "where the server is [CARREL_URL]")
        ->envname("CARREL_URL")
        ->capture_default_str();
    word->callback(
        [options, function, &action] { action = [options, function] { return function(*options); }; });
    return word;
}

}  // namespace

void add_client(CLI::App& program, Action& action) {
    auto options = std::make_shared<ClientOptions>();
    const auto with_id = [&](CLI::App* word) {
        word->add_option("session", options->id, "its id, sess_…")->required();
        return word;
    };
    auto* session = program.add_subcommand("session", "Sessions of a running server");
    session->require_subcommand(1);
    add_word(*session, "list", "List sessions", options, action, list_sessions);
    auto* made = add_word(*session, "new", "Make a session with a desk", options, action, new_session);
    made->add_option("--title", options->title, "shown in lists");
    made->add_option("--provider", options->provider, vendors::names_for_people());
    made->add_option("--model", options->model, "the model's id");
    made->add_option("--network", options->network, "internet or none");
    auto* removed =
        with_id(add_word(*session, "rm", "End a session and its desk", options, action, remove_session));
    removed->add_flag("--purge", options->purge, "remove its history and pictures too");
    with_id(add_word(*session, "send", "Give its agent a message", options, action, send_message))
        ->add_option("text", options->text, "the message")
        ->required();
    with_id(add_word(*session, "cancel", "Stop what its agent does", options, action, cancel_turn));

    auto* run =
        with_id(add_word(program, "exec", "Run a command in a desk's shell", options, action, execute));
    run->add_option("command", options->command, "the command")->required();
    run->add_option("--timeout", options->timeout, "seconds")
        ->check(CLI::Range(1, 300))
        ->capture_default_str();
    with_id(add_word(program, "screenshot", "Save a picture of a desk", options, action, screenshot))
        ->add_option("file", options->file, "*.png or *.jpg; - for standard output")
        ->required();
    with_id(add_word(program, "logs", "Print a session's events", options, action, show_log))
        ->add_flag("-f,--follow", options->follow, "wait for more");
}

}  // namespace carrel::app
