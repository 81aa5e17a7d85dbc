#include "desk/beginning.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "core/sys.hpp"
#include "core/text.hpp"
#include "desk/init/link.hpp"
#include "desk/spawn/child.hpp"
#include "desk/spawn/launch.hpp"
#include "ops/beginning.hpp"
#include "rest/answers.hpp"
#include "rest/requests.hpp"

namespace carrel::desk {

namespace {

using core::Code;
using core::Error;

/// As glibc compares the names of character sets: UTF-8 is utf8.
std::string folded(std::string_view name) {
    const auto dot = name.find('.');
    auto result = std::string{name.substr(0, dot)};
    if (dot == name.npos) return result;
    const auto rest = name.substr(dot);
    const auto end = rest.find('@');
    for (const char each : core::to_lower(rest.substr(0, end)))
        if (each != '-' && each != '_') result += each;
    return end == rest.npos ? result : result.append(rest.substr(end));
}

/// Always there, without a file.
bool is_built_in(std::string_view locale) {
    return locale == "C" || locale == "POSIX" || folded(locale) == "C.utf8";
}

constexpr int locales_patience_ms = 10'000;
constexpr std::size_t most_locales_bytes = std::size_t{64} << 10;
constexpr std::size_t most_told = 400;

/// What `locale -a` prints: the image's own program knows where the image keeps them. Blocks: for the pool.
std::string available_locales() {
    const core::Fd output{core::checked("memfd_create", ::memfd_create("locales", MFD_CLOEXEC))};
    const auto program = spawn::launch({"locale", "-a"}, "/", output.get());
    pollfd end{program.process.get(), POLLIN, 0};
    if (::poll(&end, 1, locales_patience_ms) <= 0) ::kill(program.pid, SIGKILL);
    ::waitpid(program.pid, nullptr, 0);
    std::string text(most_locales_bytes, '\0');
    const auto count = core::checked("read the locales", ::pread(output.get(), text.data(), text.size(), 0));
    text.resize(static_cast<std::size_t>(count));
    return text;
}

void require_locale(const std::string& name) {
    if (name.empty() || is_built_in(name)) return;
    std::string available;
    try {
        available = available_locales();
    } catch (const Error&) {
        // An image without that program has no locales either.
    }
    if (has_locale(available, name)) return;
    std::string names;
    for (const auto word : core::words_of(available)) names.append(names.empty() ? "" : ", ").append(word);
    if (names.empty()) names = "C.UTF-8";
    throw rest::unprocessable({"locale"}, fmt::format("the image has no locale {}; it has {}", name,
                                                      core::utf8_prefix(names, most_told)));
}

/// By the bytes that every such file begins with (tzfile(5)): a list of zones is none. UTC needs no file.
void require_time_zone(const std::string& name) {
    if (name.empty() || name == "UTC") return;
    std::array<char, 4> magic{};
    const core::Fd file{::open(("/usr/share/zoneinfo/" + name).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (file && ::read(file.get(), magic.data(), magic.size()) == 4 &&
        std::string_view{magic.data(), 4} == "TZif")
        return;
    throw rest::unprocessable(
        {"time_zone"},
        fmt::format("the image knows no time zone {}; /usr/share/zoneinfo holds those that it knows, such "
                    "as Europe/Berlin",
                    name));
}

/// FNV-1a: to tell one wish from another, both from the same server.
std::string digest_of(std::string_view text) {
    std::uint64_t digest = 14'695'981'039'346'656'037ull;
    for (const unsigned char byte : text) digest = (digest ^ byte) * 1'099'511'628'211ull;
    return fmt::format("{:016x}", digest);
}

}  // namespace

bool has_locale(std::string_view available, std::string_view name) {
    return std::ranges::any_of(core::words_of(available),
                               [&](std::string_view word) { return folded(word) == folded(name); });
}

std::vector<std::string> environment_of(const core::DeskBeginning& wish) {
    auto variables = wish.environment;
    const auto add = [&](std::string name, std::string value) {
        variables.emplace(std::move(name), std::move(value));
    };
    if (!wish.locale.empty()) add("LANG", wish.locale);
    if (!wish.time_zone.empty()) add("TZ", wish.time_zone);
    // There is no standard for these: some programs read the one, some the other.
    if (!wish.http_proxy.empty())
        for (const auto* name : {"http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"})
            add(name, wish.http_proxy);
    if (!wish.http_proxy.empty())
        for (const auto* name : {"no_proxy", "NO_PROXY"}) add(name, "localhost,127.0.0.1,::1");
    std::vector<std::string> lines;
    lines.reserve(variables.size());
    for (const auto& [name, value] : variables) lines.push_back(fmt::format("{}={}", name, value));
    return lines;
}

Beginning::Beginning(async::Executor executor, Parts parts) : parts_{parts}, turns_{executor} {
    if (const char* begun = std::getenv(init::begun_variable)) begun_ = begun;
}

Task<net::Response> Beginning::begin(net::Request& request) {
    auto asked = co_await rest::decode_body(request, ops::begin_shape(), ops::largest_beginning);
    const auto wish = rest::value_or_refuse(ops::read_begin(asked), "body");
    const auto digest = digest_of(json::to_text(ops::to_json(wish)));
    const auto turn = co_await turns_.take();
    if (!begun_.empty() && begun_ != digest)
        throw Error{Code::conflict, "this desk has begun already, and otherwise", "already_begun"};
    if (begun_.empty()) {
        co_await judge(wish);
        begun_ = digest;
        try {
            co_await carry_out(wish, digest);
        } catch (...) {
            failure_ = std::current_exception();
        }
    }
    if (failure_) std::rethrow_exception(failure_);
    json::Object answer;
    if (!wish.command.empty()) answer["process_id"] = core::first_process;
    co_return rest::json_answer(answer);
}

Task<> Beginning::judge(const core::DeskBeginning& wish) {
    co_await async::run_on(parts_.pool, [&wish] {
        require_locale(wish.locale);
        require_time_zone(wish.time_zone);
    });
    if (wish.open_url.empty()) co_return;
    if (parts_.display.is_absent()) throw rest::unprocessable({"open_url"}, desktop::no_display().message());
    if (auto url = browser::parse_url(wish.open_url, true); !url)
        throw rest::unprocessable({"open_url"}, url.error().message());
}

Task<> Beginning::carry_out(const core::DeskBeginning& wish, const std::string& digest) {
    if (wish.width > 0 && wish.height > 0 && !parts_.display.is_absent())
        co_await (co_await parts_.display.desktop())->resize({wish.width, wish.height});
    co_await give_environment(environment_of(wish), {wish.width, wish.height}, digest);
    co_await write_files(wish);
    if (!wish.command.empty())
        parts_.background.start(std::string{core::first_process}, {.command = wish.command});
    if (!wish.open_url.empty()) co_await open_page(wish);
}

/// From the next program on; what runs already of the desk's own (window manager, panel, message bus) begins
/// anew. Without lines init only keeps that the desk has begun.
Task<> Beginning::give_environment(std::vector<std::string> lines, picture::Size screen,
                                   const std::string& digest) {
    std::vector<std::string> for_init{fmt::format("{}={}", init::begun_variable, digest)};
    // As large as it was begun is the next X server, too.
    if (screen.width > 0 && screen.height > 0) {
        for_init.push_back(fmt::format("CARREL_WIDTH={}", screen.width));
        for_init.push_back(fmt::format("CARREL_HEIGHT={}", screen.height));
    }
    for (const auto& line : lines) for_init.push_back(std::string{spawn::given_prefix}.append(line));
    if (lines.empty()) co_return parts_.link.keep(for_init);
    spawn::give_environment(std::move(lines));
    const auto replace = [&] { return parts_.link.give_environment(for_init); };
    if (parts_.display.is_absent()) co_return co_await replace();
    co_await parts_.display.renew_manager(replace);
}

Task<> Beginning::write_files(const core::DeskBeginning& wish) {
    for (std::size_t i = 0; i < wish.files.size(); ++i) {
        std::string refusal;
        try {
            co_await async::run_on(parts_.pool, [this, &file = wish.files[i]] {
                files::write_file(files::resolved(parts_.files.absolute(file.path)), file.bytes,
                                  files::Existing::replace);
            });
        } catch (const Error& error) {
            if (error.code() == Code::exhausted || error.code() == Code::internal) throw;
            refusal = error.message();
        }
        if (!refusal.empty())
            throw rest::unprocessable({"files", std::to_string(i), "path"}, std::move(refusal));
    }
}

Task<> Beginning::open_page(const core::DeskBeginning& wish) {
    auto url = core::value_or_throw(browser::parse_url(wish.open_url, true));
    const auto desktop = co_await parts_.display.desktop();
    co_await parts_.browser.open(desktop, std::move(url.back()), false);
}

}  // namespace carrel::desk
