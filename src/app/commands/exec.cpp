// exec: a command in a desk's shell, with its output as it comes, our input, and its exit code.
#include <fmt/format.h>
#include <unistd.h>

#include <memory>
#include <optional>

#include "app/client.hpp"
#include "app/command_words.hpp"
#include "app/commands/commands.hpp"
#include "app/exit_codes.hpp"
#include "app/input_pump.hpp"
#include "app/printer.hpp"
#include "core/error.hpp"
#include "core/id.hpp"
#include "core/plain_text.hpp"
#include "json/parse.hpp"
#include "net/sse.hpp"

namespace carrel::app {

namespace {

constexpr std::size_t largest_event = std::size_t{8} << 20;
constexpr std::size_t longest_prompt = 300;  // bytes
constexpr int longest_timeout = 86'400;      // seconds

struct ExecOptions {
    std::string server = ServerAddress{}.url;
    std::string id;
    std::vector<std::string> shown;  ///< for the help: the words of the command never reach the parser
    std::vector<std::string> command;
    int timeout = 0;
    bool no_input = false;
};

void say(std::string_view sentence) { print(STDERR_FILENO, fmt::format("carrel: {}\n", sentence)); }

/// What the events of a command say, printed; how it ended.
class Showing {
public:
    explicit Showing(std::string id) : id_{std::move(id)} {}

    void take(const json::Value& event) {
        const auto type = json::text_or(event, "type");
        if (type == "stdout") output_.print(json::text_or(event, "chunk"));
        if (type == "stderr") errors_.print(json::text_or(event, "chunk"));
        if (type == "error") tell(json::text_or(event, "chunk"));
        if (type == "waiting_for_input") tell_prompt(json::text_or(event, "prompt"));
        if (type == "done") end(event);
    }

    std::optional<int> exit_code;

private:
    /// A sentence after what the command has printed so far.
    void tell(std::string_view sentence) {
        output_.finish();
        errors_.finish();
        say(sentence);
    }
    void tell_prompt(std::string_view prompt) {
        tell(fmt::format(
            "the command waits for input from its terminal{}: `carrel call {} terminal/answer text=…` "
            "answers, "
            "Ctrl-C ends it",
            prompt.empty() ? "" : fmt::format(" (\"{}\")", core::plain_text(prompt, longest_prompt, false)),
            id_));
    }
    void end(const json::Value& event) {
        output_.finish();
        errors_.finish();
        const auto* timed_out = json::find(event, "timed_out");
        const bool is_late = timed_out && *timed_out == json::Value(true);
        // The event before has said so already.
        if (const auto system = json::text_or(event, "system"); !system.empty() && !is_late) say(system);
        const auto* code = json::find(event, "exit_code");
        exit_code = is_late                    ? exit_code::timed_out
                    : code && code->is_int64() ? static_cast<int>(code->as_int64())
                                               : exit_code::not_run;
    }

    std::string id_;
    Printer output_{STDOUT_FILENO};
    Printer errors_{STDERR_FILENO};
};

int run_command(const ExecOptions& options) {
    const ServerAddress server{.url = options.server, .key = key_of_environment()};
    const auto path = fmt::format("/api/v1/sessions/{}/desk/terminal", options.id);
    json::Object body{{"command", command_line(options.command)}, {"timeout", options.timeout}};
    std::optional<InputPump> pump;
    if (!options.no_input && has_standard_input()) {
        const auto input_id = core::make_id("exec_");
        body["input_id"] = input_id;
        pump.emplace(server, path + "/input", input_id);
    }
    Showing showing{options.id};
    net::SseParser parser{largest_event};
    Client client{server};
    client.stream("POST", path + "/execute/stream", "text/event-stream", &body, [&](std::string_view piece) {
        if (pump) pump->start();
        if (auto pushed = parser.push(piece); !pushed) throw std::move(pushed.error());
        while (const auto event = parser.pop()) {
            const auto value = json::parse(event->data);
            if (value) showing.take(*value);
        }
        return true;
    });
    const auto failure = pump ? pump->stop() : std::string{};
    if (!failure.empty()) say("not all of the standard input was given to it: " + failure);
    return showing.exit_code.value_or(exit_code::not_run);
}

int exec(const ExecOptions& options) {
    if (!core::is_id("sess_", options.id))
        throw UsageError{fmt::format("\"{}\" is no session: `carrel session list` shows them", options.id)};
    if (options.command.empty() || command_line(options.command).empty())
        throw UsageError{"exec needs a command after the session, such as `ls -la`"};
    try {
        return run_command(options);
    } catch (const std::exception& error) {
        say(error.what());
        return exit_code::not_run;
    }
}

}  // namespace

void add_exec(CLI::App& program, Action& action, std::vector<std::string> command) {
    auto options = std::make_shared<ExecOptions>();
    options->command = std::move(command);
    auto* word = program.add_subcommand(
        "exec", "Run a command in a desk's shell; its output, and its exit code, are ours");
    word->add_option("session", options->id, "its id, sess_…")->required();
    word->add_option("command", options->shown,
                     "all that follows: one line for the shell, or a program and its words");
    word->add_option("--timeout", options->timeout,
                     "seconds until it is stopped (exit code 124); 0: it may take any time, until Ctrl-C")
        ->check(CLI::Range(0, longest_timeout))
        ->capture_default_str();
    word->add_flag("-n,--no-input", options->no_input, "give it no standard input, though there is some");
    add_server_option(*word, options->server);
    word->callback([options, &action] { action = [options] { return exec(*options); }; });
}

}  // namespace carrel::app
