// key: who may come in. Through a running server; of one that does not run, the first key.
#include <fmt/format.h>
#include <unistd.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <memory>

#include "app/client.hpp"
#include "app/commands/commands.hpp"
#include "app/data_directory.hpp"
#include "app/durations.hpp"
#include "app/exit_codes.hpp"
#include "app/printer.hpp"
#include "app/privileges.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/id.hpp"
#include "core/log.hpp"
#include "core/plain_text.hpp"
#include "core/text.hpp"
#include "json/fields.hpp"
#include "ops/people.hpp"
#include "people/people.hpp"
#include "store/store.hpp"

namespace carrel::app {

namespace {

struct KeyOptions {
    std::string server = ServerAddress{}.url;
    std::string data;
    std::string id;
    std::string user;
    std::string role = "user";
    std::string name;
    std::string expires;
    std::optional<int> most_desks;
    std::optional<double> cpus;
    std::optional<int> memory_mb;
    std::vector<std::string> model_keys;
};

Client client_of(const KeyOptions& options) {
    return Client{{.url = options.server, .key = key_of_environment()}};
}

/// The body of keys/create.
json::Object wish_of(const KeyOptions& options) {
    json::Object wish{{"user", options.user}, {"role", options.role}, {"name", options.name}};
    if (!options.expires.empty()) wish["expires_seconds"] = parse_duration(options.expires).count();
    if (options.most_desks) wish["most_desks"] = *options.most_desks;
    if (options.cpus) wish["cpus"] = *options.cpus;
    if (options.memory_mb) wish["memory_mb"] = *options.memory_mb;
    json::Object references;
    for (const auto& text : options.model_keys) {
        const auto middle = text.find('=');
        if (middle == text.npos)
            throw UsageError{
                fmt::format("\"{}\" is no --model-key: write VENDOR=env:NAME or VENDOR=file:NAME", text)};
        references[text.substr(0, middle)] = text.substr(middle + 1);
    }
    if (!references.empty()) wish["model_keys"] = std::move(references);
    return wish;
}

void print_secret(std::string_view key, std::string_view id) {
    print(STDOUT_FILENO, fmt::format("{}\n", key));
    print(STDERR_FILENO, fmt::format("carrel: this is the key {}; it is shown this once\n", id));
}

/// What the store of a server that does not run takes, by whoever may become its user.
people::Given<store::KeyRow> give_offline(const std::string& data, people::KeyWish wish) {
    boost::asio::io_context loop{1};
    const core::SystemClock clock;
    people::Given<store::KeyRow> given;
    std::exception_ptr failure;
    store::Store store{loop.get_executor(), {.directory = data + "/server"}};
    const auto give = [&]() -> async::Task<> {
        std::exception_ptr refused;
        try {
            people::People people{loop.get_executor(), store, clock};
            co_await people.load();
            given = co_await people.give_key(std::move(wish));
        } catch (...) {
            refused = std::current_exception();
        }
        co_await store.close();
        if (refused) std::rethrow_exception(refused);
    };
    boost::asio::co_spawn(loop, give(), [&](std::exception_ptr thrown) {
        failure = std::move(thrown);
        loop.stop();
    });
    loop.run();
    if (failure) std::rethrow_exception(failure);
    return given;
}

int create_offline(const KeyOptions& options) {
    const auto decoded = ops::create_key_shape().decode(wish_of(options));
    if (!decoded) throw UsageError{json::to_sentence(json::to_json(decoded.error(), "body"))};
    core::open_log("carrel", core::Level::warning);  // standard output is the key's
    require_root("making a key without the server");
    const auto user = get_carrel_user();
    const DataDirectory data{options.data, user};
    // The database is the server's: whatever stands in it is read with the server's rights only.
    become(user);
    const auto given = give_offline(data.path(), people::wish_of(*decoded));
    print_secret(given.secret, given.row.id);
    return 0;
}

int create_key(const KeyOptions& options) {
    if (!options.data.empty()) return create_offline(options);
    const auto wish = wish_of(options);
    try {
        const auto made = client_of(options).call("POST", "/api/v1/keys", &wish);
        print_secret(json::text_or(made, "key"), json::text_or(made, "id"));
        return 0;
    } catch (const core::Error& error) {
        if (error.code() != core::Code::unavailable) throw;
        throw core::Error{error.code(),
                          error.message() + "; of a server that does not run, root makes keys by --data DIR"};
    }
}

std::string state_of(const json::Value& key) {
    if (!json::text_or(key, "revoked_at").empty()) return "revoked";
    const auto expires = json::text_or(key, "expires_at");
    if (expires.empty()) return "good";
    return fmt::format("{} {}", expires <= core::to_rfc3339(core::SystemClock{}.now()) ? "expired" : "until",
                       expires);
}

int list_keys(const KeyOptions& options) {
    auto client = client_of(options);
    const auto who = options.user.empty() ? "" : "&user=" + core::percent_encode(options.user);
    constexpr std::size_t page_size = 1000;
    for (std::size_t offset = 0;; offset += page_size) {
        const auto page =
            client.call("GET", fmt::format("/api/v1/keys?limit={}&offset={}{}", page_size, offset, who));
        const auto& keys = page.at("keys").as_array();
        for (const auto& key : keys)
            print(STDOUT_FILENO,
                  fmt::format("{}  {:6}  {:16}  {:34}  {}\n", json::text_or(key, "id"),
                              json::text_or(key, "role"), json::text_or(key, "user"), state_of(key),
                              core::plain_text(json::text_or(key, "name"), 200, false)));
        if (keys.size() < page_size) return 0;
    }
}

int revoke_key(const KeyOptions& options) {
    if (!core::is_id("key_", options.id))
        throw UsageError{fmt::format("\"{}\" is no key's id: `carrel key list` shows them", options.id)};
    client_of(options).call("DELETE", "/api/v1/keys/" + options.id);
    return 0;
}

using Function = int (*)(const KeyOptions&);

CLI::App* add_key_word(CLI::App& parent, const char* name, const char* description,
                       const std::shared_ptr<KeyOptions>& options, Action& action, Function function) {
    auto* word = parent.add_subcommand(name, description);
    add_server_option(*word, options->server);
    word->callback(
        [options, function, &action] { action = [options, function] { return function(*options); }; });
    return word;
}

}  // namespace

void add_key(CLI::App& program, Action& action) {
    auto options = std::make_shared<KeyOptions>();
    auto* key = program.add_subcommand("key", "Keys that let people in");
    key->require_subcommand(1);
    auto* create =
        add_key_word(*key, "create", "Give a user a key; it is printed once", options, action, create_key);
    create->add_option("--user", options->user, "whose it is; sessions belong to the user")->required();
    create->add_option("--role", options->role, "admin, user or viewer")->capture_default_str();
    create->add_option("--expires", options->expires,
                       "how long it lasts: 30d, 12h, 90m; without it for ever");
    create->add_option("--name", options->name, "what lists call it");
    create->add_option("--most-desks", options->most_desks, "that the user may have at a time");
    create->add_option("--cpus", options->cpus, "that one of their desks may have");
    create->add_option("--memory-mb", options->memory_mb, "that one of their desks may have, MiB");
    create->add_option("--model-key", options->model_keys,
                       "where the user's own key of a vendor stands: VENDOR=env:CARREL_MODEL_KEY_NAME (the "
                       "server's environment) or VENDOR=file:NAME (below its model_key_dir)");
    create->add_option(
        "--data", options->data,
        "as root, in this data directory, of a server that does not run: so the first key is made");
    auto* list = add_key_word(*key, "list", "List keys, revoked ones too", options, action, list_keys);
    list->add_option("--user", options->user, "only theirs");
    add_key_word(*key, "revoke", "End a key, and what is open because of it", options, action, revoke_key)
        ->add_option("key", options->id, "its id, key_…")
        ->required();
}

}  // namespace carrel::app
