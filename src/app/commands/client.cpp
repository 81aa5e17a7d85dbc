// session, screenshot, logs: what a person or a script asks of a running server.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <utility>

#include "app/client.hpp"
#include "app/commands/commands.hpp"
#include "app/exit_codes.hpp"
#include "app/pictures.hpp"
#include "app/printer.hpp"
#include "core/error.hpp"
#include "core/id.hpp"
#include "core/plain_text.hpp"
#include "core/sys.hpp"
#include "net/sse.hpp"
#include "ops/server.hpp"
#include "vendors/vendors.hpp"

namespace carrel::app {

namespace {

constexpr std::size_t longest_title = 1000;  // bytes

struct ClientOptions {
    std::string server = ServerAddress{}.url;
    std::string id;
    std::string title;
    std::string provider;
    std::string model;
    std::string network;
    std::string image;
    std::string key;
    std::string workspace;
    int wait = 0;
    bool home = false;
    bool all = false;
    std::vector<std::string> fields;
    std::string text;
    std::string file;
    int lines = 200;
    bool follow = false;
    bool desk = false;
    bool purge = false;
};

Client client_of(const ClientOptions& options) {
    return Client{{.url = options.server, .key = key_of_environment()}};
}

std::string path_of(const ClientOptions& options, std::string_view rest = {}) {
    if (!core::is_id("sess_", options.id))
        throw UsageError{fmt::format("\"{}\" is no session: `carrel session list` shows them", options.id)};
    return fmt::format("/api/v1/sessions/{}{}", options.id, rest);
}

void print_session(const json::Value& session) {
    const auto* desk = json::find(session, "desk");
    // A title is one line of a list, whatever it holds.
    const auto title = core::plain_text(json::text_or(session, "title", "(no title)"), longest_title, false);
    const auto* position = json::find(session, "queue_position");
    const bool is_waiting = position && position->is_number();
    const auto state = is_waiting ? "waiting" : desk ? json::text_or(*desk, "state") : "";
    print(STDOUT_FILENO, fmt::format("{}  {:8}  {:10}  {}\n", json::text_or(session, "id"), state,
                                     json::text_or(session, "provider"), title));
}

int list_sessions(const ClientOptions& options) {
    auto client = client_of(options);
    constexpr std::size_t page_size = 100;
    for (std::size_t offset = 0;; offset += page_size) {
        const auto page = client.call("GET", fmt::format("/api/v1/sessions?limit={}&offset={}{}", page_size,
                                                         offset, options.all ? "&all=true" : ""));
        const auto& sessions = page.at("sessions").as_array();
        for (const auto& session : sessions) {
            if (options.all) print(STDOUT_FILENO, fmt::format("{:16}  ", json::text_or(session, "user")));
            print_session(session);
        }
        if (sessions.size() < page_size) return 0;
    }
}

int new_session(const ClientOptions& options) {
    auto wish = fields_of(options.fields, ops::create_session_shape().schema());
    for (const auto& [name, value] :
         {std::pair{"title", &options.title}, std::pair{"provider", &options.provider},
          std::pair{"model", &options.model}, std::pair{"network", &options.network},
          std::pair{"image", &options.image}, std::pair{"key", &options.key},
          std::pair{"workspace", &options.workspace}})
        if (!value->empty()) wish[name] = *value;
    if (options.wait > 0) wish["wait_seconds"] = options.wait;
    if (options.home) wish["home"] = true;
    print_session(client_of(options).call("POST", "/api/v1/sessions", &wish));
    return 0;
}

int remove_session(const ClientOptions& options) {
    client_of(options).call("DELETE", path_of(options, options.purge ? "?purge=true" : ""));
    return 0;
}

int send_message(const ClientOptions& options) {
    const json::Object body{{"content", options.text}};
    const auto sent = client_of(options).call("POST", path_of(options, "/messages"), &body);
    print(STDOUT_FILENO, fmt::format("{}\n", json::text_or(sent, "message_id")));
    return 0;
}

int cancel_turn(const ClientOptions& options) {
    const auto cancelled = client_of(options).call("POST", path_of(options, "/cancel"));
    print(STDOUT_FILENO, fmt::format("{}\n", json::text_or(cancelled, "message")));
    return 0;
}

int renew_desk(const ClientOptions& options) {
    print_session(client_of(options).call("POST", path_of(options, "/desk/renew")));
    return 0;
}

int show_usage(const ClientOptions& options) {
    const auto usage = client_of(options).call("GET", path_of(options, "/usage"));
    // One fact a line, as the API names it: what this host does not count is not there.
    const auto print_numbers = [](std::string_view of, const json::Value& object) {
        for (const auto& [name, value] : object.as_object())
            if (value.is_number())
                print(STDOUT_FILENO, fmt::format("{}.{} {}\n", of, std::string_view{name},
                                                 value.is_double() ? fmt::format("{:.3f}", value.get_double())
                                                                   : json::to_text(value)));
    };
    print_numbers("session", usage);
    for (const auto* part : {"desk", "model"}) print_numbers(part, usage.at(part));
    return 0;
}

int pause_desk(const ClientOptions& options) {
    print_session(client_of(options).call("POST", path_of(options, "/pause")));
    return 0;
}

int resume_desk(const ClientOptions& options) {
    print_session(client_of(options).call("POST", path_of(options, "/resume")));
    return 0;
}

int screenshot(const ClientOptions& options) {
    // What a desk sends as a picture need not be one.
    if (options.file == "-" && ::isatty(STDOUT_FILENO) == 1)
        throw UsageError{"a picture is nothing for a terminal: name a file, or send it on to a program"};
    const auto format = options.file == "-" ? "png" : picture_format(options.file);
    core::Fd file = options.file == "-" ? core::Fd{::dup(1)} : core::Fd{};
    client_of(options).stream(
        "GET", path_of(options, fmt::format("/desk/screen/screenshot?format={}", format)),
        fmt::format("image/{}", format), nullptr, [&](std::string_view piece) {
            // Only now: a refusal leaves no empty file, and takes no older picture away.
            if (!file) file = core::open_file(options.file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
            core::write_all(file.get(), piece);
            return true;
        });
    return 0;
}

void print_event(std::string_view name, std::string_view data) {
    print(STDOUT_FILENO, fmt::format("{} {}\n", name, data));
}

int show_desk_log(const ClientOptions& options) {
    const auto log =
        client_of(options).call("GET", path_of(options, fmt::format("/desk/log?lines={}", options.lines)));
    if (log.at("truncated").as_bool()) print(STDOUT_FILENO, "(earlier lines are left out)\n");
    for (const auto& line : log.at("lines").as_array())
        print(STDOUT_FILENO, fmt::format("{} {}: {}\n", json::text_or(line, "time"),
                                         json::text_or(line, "program"), json::text_or(line, "text")));
    return 0;
}

int show_log(const ClientOptions& options) {
    if (options.desk) return show_desk_log(options);
    auto client = client_of(options);
    if (options.follow) {
        net::SseParser parser{std::size_t{4} << 20};
        bool is_said = false;
        client.stream(
            "GET", path_of(options, "/stream?last_event_id=0"), "text/event-stream", nullptr,
            [&](std::string_view piece) {
                if (!std::exchange(is_said, true))
                    print(STDERR_FILENO,
                          "carrel: all events so far, and each new one as it comes; Ctrl-C ends this\n");
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
    add_server_option(*word, options->server);
    word->callback(
        [options, function, &action] { action = [options, function] { return function(*options); }; });
    return word;
}

}  // namespace

std::string key_of_environment() {
    const char* key = std::getenv("CARREL_TOKEN");
    return key ? key : "";
}

void add_server_option(CLI::App& word, std::string& server) {
    // Not as the parser's own variable of the environment: words share `server`, and each of those that were
    // not given would put the variable's value in place of what was said.
    if (const char* url = std::getenv("CARREL_URL"); url && *url) server = url;
    word.add_option("--server", server,
                    "where the server is [CARREL_URL]; its key comes by CARREL_TOKEN alone")
        ->capture_default_str();
}

void add_client(CLI::App& program, Action& action) {
    auto options = std::make_shared<ClientOptions>();
    const auto with_id = [&](CLI::App* word) {
        word->add_option("session", options->id, "its id, sess_…")->required();
        return word;
    };
    auto* session = program.add_subcommand("session", "Sessions of a running server");
    session->require_subcommand(1);
    add_word(*session, "list", "List sessions", options, action, list_sessions)
        ->add_flag("--all", options->all, "those of all users, with whose they are; for admins");
    auto* made = add_word(*session, "new", "Make a session with a desk", options, action, new_session);
    made->add_option("--title", options->title, "shown in lists");
    made->add_option("--provider", options->provider, vendors::names_for_people());
    made->add_option("--model", options->model, "the model's id");
    made->add_option("--network", options->network, "internet or none");
    made->add_option("--image", options->image, "what the desk starts from");
    made->add_option("--key", options->key, "your own name for it: the same key answers the same session");
    auto* workspace =
        made->add_option("--workspace", options->workspace, "files that outlive the desk, at /workspace");
    made->add_flag("--home", options->home, "keep HOME in the workspace, too")->needs(workspace);
    made->add_option("--wait", options->wait, "seconds to wait in line when no desk is free")
        ->check(CLI::Range(0, 3600));
    made->add_option(
        "fields", options->fields,
        "name=value, all else that `carrel operations sessions` lists, such as memory_mb=1024; or "
        "one JSON object");
    auto* removed =
        with_id(add_word(*session, "rm", "End a session and its desk", options, action, remove_session));
    removed->add_flag("--purge", options->purge, "remove its history and pictures too");
    with_id(add_word(*session, "send", "Give its agent a message", options, action, send_message))
        ->add_option("text", options->text, "the message")
        ->required();
    with_id(add_word(*session, "cancel", "Stop what its agent does", options, action, cancel_turn));
    with_id(add_word(*session, "pause", "Stop the programs of its desk where they are", options, action,
                     pause_desk));
    with_id(add_word(*session, "resume", "Let a paused desk go on", options, action, resume_desk));
    with_id(add_word(*session, "renew", "Give it a new desk in place of one that failed or was lost", options,
                     action, renew_desk));
    with_id(
        add_word(*session, "usage", "What it has used, and its desk uses now", options, action, show_usage));

    with_id(add_word(program, "screenshot", "Save a picture of a desk", options, action, screenshot))
        ->add_option("file", options->file, "*.png, *.jpg or *.webp; - for standard output")
        ->required();
    auto* logs = with_id(add_word(program, "logs", "Print a session's events", options, action, show_log));
    auto* desk = logs->add_flag("--desk", options->desk, "what the programs of its desk said instead");
    logs->add_option("--lines", options->lines, "the last lines of that")
        ->check(CLI::Range(1, 2000))
        ->needs(desk)
        ->capture_default_str();
    logs->add_flag("-f,--follow", options->follow, "go on with what comes, until Ctrl-C")->excludes(desk);
}

}  // namespace carrel::app
