#include "app/config.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "core/error.hpp"
#include "core/sys.hpp"

using namespace carrel;
using namespace carrel::app;

namespace {

std::optional<std::string> nothing(const std::string&) { return std::nullopt; }

std::string message_of_failure(auto&& action) {
    try {
        action();
    } catch (const core::Error& error) {
        return error.message();
    }
    return "no failure";
}

struct File {
    std::string path = (std::filesystem::temp_directory_path() / "carrel_config_test.toml").string();
    explicit File(std::string_view text) { core::replace_file(path, text, 0600); }
    ~File() { std::filesystem::remove(path); }
};

}  // namespace

TEST_CASE("flags win over the environment, and that over the file") {
    const File file{"max_displays = 3\nwidth = 800\nmodel = \"m\"\n"};
    const auto environment = [](const std::string& name) -> std::optional<std::string> {
        if (name == "MAX_DISPLAYS") return "4";
        if (name == "WIDTH") return "900";
        return std::nullopt;
    };
    const auto config = load_config(file.path, environment, {{"max_displays", "5"}});
    CHECK(config.most_desks == 5);
    CHECK(config.desk.width == 900);
    CHECK(config.model == "m");
}

TEST_CASE("a wrong key of the file is answered with what was meant") {
    const File file{"max_display = 3\n"};
    const auto message = message_of_failure([&] { load_config(file.path, nothing, {}); });
    CHECK(message.ends_with("there is no setting \"max_display\"; did you mean \"max_displays\"?"));
}

TEST_CASE("a bad value says where it came from and what would be right") {
    const auto environment = [](const std::string& name) -> std::optional<std::string> {
        return name == "WIDTH" ? std::optional<std::string>{"wide"} : std::nullopt;
    };
    CHECK(message_of_failure([&] { load_config("", environment, {}); }) ==
          "WIDTH: must be a whole number between 320 and 3840, not \"wide\"");
    CHECK(message_of_failure([] { parse_toml("a = \n"); }).starts_with("line 1: "));
}

TEST_CASE("the image of new desks is a name, and no path") {
    CHECK(load_config("", nothing, {{"image", "desktop-office"}}).desk.image == "desktop-office");
    CHECK(message_of_failure([&] {
              load_config("", nothing, {{"image", "../desktop"}});
          }).ends_with("must be 1 to 32 of a-z, 0-9 and -, not \"../desktop\""));
}

TEST_CASE("secrets come from the environment only and are never printed") {
    const File file{"token = \"a\"\n"};
    CHECK(message_of_failure([&] { load_config(file.path, nothing, {}); }).find("CARREL_TOKEN") !=
          std::string::npos);
    Config config;
    config.token = "very-secret-token";
    CHECK(print_config(config).find("very-secret") == std::string::npos);
    CHECK(print_config(config).find("token = set") != std::string::npos);
}

TEST_CASE("the proxy of desks is printed without its password, and no refusal repeats it") {
    const auto with = [](std::string value) {
        return [value](const std::string& name) {
            return name == "SANDBOX_HTTP_PROXY" ? std::optional<std::string>{value} : std::nullopt;
        };
    };
    const auto config = load_config("", with("http://user:very-secret@proxy:3128"), {});
    CHECK(config.beginning.http_proxy == "http://user:very-secret@proxy:3128");
    CHECK(print_config(config).find("very-secret") == std::string::npos);
    CHECK(print_config(config).find("sandbox_http_proxy = http://***@proxy:3128\n") != std::string::npos);
    const auto refusal = message_of_failure([&] { load_config("", with("user:very-secret@proxy"), {}); });
    CHECK(refusal.starts_with("SANDBOX_HTTP_PROXY: must be the address of a proxy"));
    CHECK(refusal.find("very-secret") == std::string::npos);
}

TEST_CASE("addresses are read, and what is none is refused with an example") {
    CHECK(parse_address("[::1]:80").host == "::1");
    CHECK(parse_address("localhost:80").host == "127.0.0.1");
    for (const auto* bad : {"", "7800", ":7800", "1.2.3.4", "1.2.3.4:70000", "::1:80", "1.2.3.4:"})
        CHECK_MESSAGE(
            message_of_failure([&] { parse_address(bad); }).find("127.0.0.1:7800") != std::string::npos, bad);
}

TEST_CASE("listening beyond loopback without a key is refused") {
    Config config;
    config.listen = {"0.0.0.0", 7800};
    CHECK(message_of_failure([&] { check_config(config); }).find("CARREL_TOKEN") != std::string::npos);
    config.token = "0123456789abcdef";
    CHECK_NOTHROW(check_config(config));
}

TEST_CASE("each vendor of models has its settings, and the key is one from the environment only") {
    const auto environment = [](const std::string& name) -> std::optional<std::string> {
        if (name == "ANTHROPIC_API_KEY") return "sk-ant-1";
        if (name == "ANTHROPIC_BASE_URL") return "http://127.0.0.1:1";
        return std::nullopt;
    };
    const auto& anthropic = *vendors::find_vendor("anthropic");
    const auto config = load_config("", environment, {});
    CHECK(access_of(config, anthropic).key == "sk-ant-1");
    CHECK(access_of(config, anthropic).base_url == "http://127.0.0.1:1");
    CHECK(print_config(config).find("sk-ant-1") == std::string::npos);
    CHECK(print_config(config).find("anthropic_key = set") != std::string::npos);
    CHECK(access_of({}, anthropic).base_url == "https://api.anthropic.com");
    const File file{"anthropic_key = \"a\"\n"};
    CHECK(message_of_failure([&] { load_config(file.path, nothing, {}); }).find("ANTHROPIC_API_KEY") !=
          std::string::npos);
    CHECK(message_of_failure([] { load_config("", nothing, {{"provider", "nobody"}}); }) ==
          "--provider: must be one of anthropic, scripted, not \"nobody\"");
    CHECK(message_of_failure([] { load_config("", nothing, {{"on_exit", "explode"}}); }) ==
          "--on-exit: must be one of keep, destroy, not \"explode\"");
}

TEST_CASE("a vendor's key from the environment is one word, and no refusal repeats it") {
    for (const auto* key : {"sk-ant-1\n", "sk-ant-1\r\nX: y", "sk ant", "sk-\xc3\xa4nt"}) {
        const auto environment = [key](const std::string& name) {
            return name == "ANTHROPIC_API_KEY" ? std::optional<std::string>{key} : std::nullopt;
        };
        CHECK(message_of_failure([&] { load_config("", environment, {}); }) ==
              "ANTHROPIC_API_KEY: must be one word of ASCII, without spaces and line ends");
    }
}

TEST_CASE("the model that is set is one of the chosen vendor's, or of the first with models to choose") {
    Config config;
    for (const auto* provider : {"anthropic", "scripted"}) {
        config.provider = provider;
        CHECK(chosen_vendor(config).name == "anthropic");
        CHECK(print_config(config).find("model = claude-opus-5-5\n") != std::string::npos);
    }
}
