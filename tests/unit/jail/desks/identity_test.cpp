#include "jail/desks/identity.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace carrel::jail::desks;

namespace {

Identity some_identity() {
    return {.id = "desk_0123456789ab",
            .process = {"b00t-1d", 4711, 123456789, 4026531837, 4026531836},
            .nonce = std::string(32, 'e'),
            .slot = 3,
            .uid_base = 2'000'196'608,
            .image = "desktop",
            .image_hash = std::string(64, 'c'),
            .network = "none",
            .interface = "",
            .desk_hash = std::string(64, 'd'),
            .groups = "2f:/sys/fs/cgroup/unified/carrel-1 1m:/sys/fs/cgroup/memory/carrel-1",
            .workspace = std::string(64, 'f') + "/notes",
            .disk = 500ULL << 20,
            .disk_way = disk_own};
}

}  // namespace

TEST_CASE("An identity is read back as it was written") {
    const auto text = format_identity(some_identity());
    const auto read = parse_identity(text);
    REQUIRE_MESSAGE(read, read.error().message());
    CHECK(read->process == some_identity().process);
    CHECK(format_identity(*read) == text);
    CHECK(text.starts_with("{\n  \"id\": \"desk_0123456789ab\",\n  \"boot\": "));
}

TEST_CASE("An identity that an older version wrote is read, and lacks what that did not know") {
    auto text = format_identity(some_identity());
    const auto later = text.find(",\n  \"workspace\"");
    text.erase(later, text.find("\n}", later) - later);
    const auto read = parse_identity(text);
    REQUIRE_MESSAGE(read, read.error().message());
    CHECK(read->groups == some_identity().groups);
    CHECK(read->workspace.empty());
    CHECK(read->disk == 0);
    CHECK(read->disk_way.empty());
}

TEST_CASE("A cut or changed identity is refused, never guessed at") {
    const auto text = format_identity(some_identity());
    for (std::size_t length = 0; length + 2 < text.size(); ++length)
        CHECK(!parse_identity(std::string_view{text}.substr(0, length)));
    for (const auto& [old, now] : {std::pair{"\"pid\": 4711", "\"pid\": -4711"},
                                   {"\"pid\": 4711", "\"pid\": 9999999999"},
                                   {"\"slot\": 3", "\"slot\": \"3\""},
                                   {"\"desktop\"", "desktop"},
                                   {"\"nonce\"", "\"once\""},
                                   {"desktop", "desk\\u0074op"}}) {
        auto changed = text;
        changed.replace(changed.find(old), std::string_view{old}.size(), now);
        CHECK(!parse_identity(changed));
    }
}

TEST_CASE("A living process is recognised, and a dead one is not even before it is reaped") {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
        char c;
        ::close(ends[1]);
        (void)!::read(ends[0], &c, 1);
        ::_exit(0);
    }
    ::close(ends[0]);
    auto identity = some_identity();
    identity.process = identify(child);
    CHECK(find_living(identity));
    auto other = identity;
    ++other.process.started;
    CHECK_THROWS_WITH((void)find_living(other), doctest::Contains("is another one now"));
    ::close(ends[1]);
    siginfo_t info;
    ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
    CHECK_THROWS_WITH((void)find_living(identity), doctest::Contains("is gone"));
    ::waitpid(child, nullptr, 0);
    CHECK_THROWS_WITH((void)find_living(identity), doctest::Contains("is gone"));
}
