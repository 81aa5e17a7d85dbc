#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>

#include "core/sys.hpp"
#include "tests/privileged/jail_under_test.hpp"

using namespace carrel;
using test::JailUnderTest;

TEST_CASE("Bad requests are refused with a sentence and change nothing") {
    JailUnderTest jail;
    struct Case {
        std::string text;
        std::string message;
    };
    for (const auto& [text, message] : {
             Case{"hello", "a message must begin with a number and a word"},
             Case{"4 mount\n", "'mount' is no request"},
             Case{"5 stop\nid=../../etc\n", "id is '../../etc', but must be desk_ and 12 hexadecimal digits"},
             Case{"6 stop\n", "id must be given once, not 0 times"},
             Case{"7 stop\nid=desk_0123456789ab\nforce=1\n", "stop has 1 fields, not 2"},
         }) {
        CAPTURE(text);
        const auto answer = jail.ask_text(text).answer;
        REQUIRE(answer.error);
        CHECK(answer.error->code() == core::Code::invalid);
        CHECK(answer.error->message() == message);
    }
    CHECK(jail.ask(jail::wire::List{}).answer.fields.empty());
}

TEST_CASE("A desk of an image that is not there, of a taken id or slot is refused by name") {
    JailUnderTest jail;
    auto spec = jail.spec();
    jail.start(spec);
    CHECK(jail.ask(jail::wire::Start{spec}).answer.error->message() ==
          fmt::format("desk {} exists", spec.id));
    auto same_slot = jail.spec();
    same_slot.slot = spec.slot;
    CHECK(jail.ask(jail::wire::Start{same_slot}).answer.error->message() ==
          fmt::format("slot {} belongs to {}", spec.slot, spec.id));
    // Also when an earlier jail made it.
    jail.restart();
    CHECK(jail.ask(jail::wire::Start{same_slot}).answer.error->message() ==
          fmt::format("slot {} belongs to {}", spec.slot, spec.id));
    auto no_image = jail.spec();
    no_image.image = "huge";
    const auto answer = jail.ask(jail::wire::Start{no_image}).answer;
    CHECK(answer.error->code() == core::Code::not_found);
    CHECK(answer.error->message().contains("image huge has no build aaaa"));
    CHECK(jail.ask(jail::wire::List{}).answer.fields.size() == 1);
}

TEST_CASE("A start that fails half way says at which step, and leaves nothing") {
    JailUnderTest jail;
    auto spec = jail.spec();
    // An image without a place to mount at, which cannot be made either: "dev" is a file.
    const auto root = fmt::format("{}/images/tiny/{}/root", jail.data(), spec.image_hash);
    std::filesystem::remove(root + "/dev");
    core::replace_file(root + "/dev", "", 0644);
    const auto answer = jail.ask(jail::wire::Start{spec}).answer;
    REQUIRE(answer.error);
    CHECK(answer.error->message() == fmt::format("making desk {}: make /dev: File exists (EEXIST)", spec.id));
    CHECK(jail.ask(jail::wire::List{}).answer.fields.empty());
    CHECK(!std::filesystem::exists(jail.data() + "/endpoints/" + spec.id));
    std::filesystem::remove(root + "/dev");
    jail.start(spec);
}
