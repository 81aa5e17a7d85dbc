#include "jail/wire/messages.hpp"

#include <doctest/doctest.h>

#include <fmt/format.h>

using namespace carrel::jail::wire;
using carrel::core::Code;
using carrel::core::Error;

namespace {

const std::string start_text =
    "7 start\nid=desk_0123456789ab\nslot=3\nimage=desktop\n"
    "image_hash=cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\n"
    "nonce=eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee\nwidth=1280\nheight=800\nnetwork=none\nmemory=4294967296\n"
    "cpu=200\nprocesses=1024\ndisk=524288000\n";

const std::string workspace_text =
    "workspace=a.b_c-1\nworkspace_owner=" + std::string(64, 'f') + "\nworkspace_home=yes\n";

std::string with(std::string text, const std::string& old, const std::string& now) {
    const auto at = text.find(old);
    REQUIRE(at != text.npos);
    return text.replace(at, old.size(), now);
}

}  // namespace

TEST_CASE("Every request survives the way over the wire") {
    const std::string texts[] = {
        start_text,
        "1 stop\nid=desk_0123456789ab\n",
        "1 stop\nid=desk_0123456789ab\nfiles=kept\n",
        start_text + "files=kept\n",
        start_text + workspace_text + "files=kept\n",
        "2 adopt\nid=desk_0123456789ab\n",
        "3 ending\nid=desk_0123456789ab\n",
        "4 freeze\nid=desk_0123456789ab\n",
        "5 thaw\nid=desk_0123456789ab\n",
        "6 usage\nid=desk_0123456789ab\n",
        "7 change\nid=desk_0123456789ab\n",
        "7 change\nid=desk_0123456789ab\nmemory=67108864\ncpu=5\nprocesses=16\ndisk=0\n",
        "7 change\nid=desk_0123456789ab\nnetwork=none\n",
        start_text + workspace_text,
        "7 change\nid=desk_0123456789ab\n" + workspace_text,
        "7 list_workspaces\nworkspace_owner=" + std::string(64, 'f') + "\n",
        "7 read_workspace\nworkspace_owner=" + std::string(64, 'f') + "\nworkspace=a\n",
        "7 delete_workspace\nworkspace_owner=" + std::string(64, 'f') + "\nworkspace=a\n",
        "8 list\n",
        "18446744073709551615 doctor\n"};
    for (const auto& text : texts) {
        const auto request = parse_request(text);
        REQUIRE_MESSAGE(request, request.error().message());
        CHECK(format_request(*request) == text);
    }
}

TEST_CASE("A spec arrives as it was sent") {
    const auto request = parse_request(start_text);
    REQUIRE(request);
    const auto& spec = std::get<Start>(request->what).spec;
    CHECK(request->number == 7);
    CHECK(spec.id == "desk_0123456789ab");
    CHECK(spec.slot == 3);
    CHECK(spec.limits.memory == 4ULL << 30);
    CHECK(spec.limits.disk == 500ULL << 20);
    CHECK(spec.network == Network::none);
}

TEST_CASE("What is not exactly a request is refused by a sentence about the first thing that is wrong") {
    struct Case {
        std::string text;
        std::string message;
    };
    const Case cases[] = {
        {"", "a message must begin with a number and a word"},
        {"start", "a message must begin with a number and a word"},
        {"x start\n", "a message must begin with a number and a word"},
        {"-1 list\n", "a message must begin with a number and a word"},
        {"1 burn\n", "'burn' is no request"},
        {"1 list\nall=1\n", "list has 0 fields, not 1"},
        {"1 stop\nid\n", "line 2 must be key=value"},
        {"1 stop\n=x\n", "line 2 must be key=value"},
        {"1 stop\nid=desk_0123456789ab\nid=desk_0123456789ab\n", "id must be given once, not 2 times"},
        {"1 stop\nid=desk_0123456789AB\n",
         "id is 'desk_0123456789AB', but must be desk_ and 12 hexadecimal digits"},
        {"1 stop\nid=desk_0123456789ab\nfiles=/etc\n", "files is '/etc', but must be kept, or absent"},
        {"1 stop\nid=desk_0123456789ab\nfiles=\n", "files is '', but must be kept, or absent"},
        {"1 stop\nid=desk_0123456789ab\nfiles=kept\nfiles=kept\n", "files must be given once, not 2 times"},
        {"2 adopt\nid=desk_0123456789ab\nfiles=kept\n", "adopt has 1 fields, not 2"},
        {start_text + "files=yes\n", "files is 'yes', but must be kept, or absent"},
        {"1 stop\nid=desk_../../../e\n",
         "id is 'desk_../../../e', but must be desk_ and 12 hexadecimal digits"},
        {with(start_text, "slot=3", "slot=32768"), "slot is 32768, but must be between 0 and 32767"},
        {with(start_text, "slot=3", "slot=-3"), "slot is '-3', but must be a number of at most 4294967295"},
        {with(start_text, "image=desktop", "image=../root"),
         "image is '../root', but must be 1 to 32 of a-z, 0-9 and -"},
        {with(start_text, "image=desktop", "image=-x"),
         "image is '-x', but must be 1 to 32 of a-z, 0-9 and -"},
        {with(start_text, "image_hash=cccc", "image_hash=cc/."),
         "image_hash is 'cc/.cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc', but must be 64 "
         "hexadecimal digits"},
        {with(start_text, "nonce=ee", "nonce=e"), "nonce must be 32 hexadecimal digits"},
        {with(start_text, "width=1280", "width=12800"), "width is 12800, but must be between 64 and 8192"},
        {with(start_text, "height=800", "height=0"), "height is 0, but must be between 64 and 8192"},
        {with(start_text, "network=none", "network=host"), "network is 'host', but must be none or internet"},
        {with(start_text, "memory=4294967296", "memory=99999999999999999999"),
         "memory is '99999999999999999999', but must be a number of at most 18446744073709551615"},
        {with(start_text, "cpu=200", "cpu=0"), "cpu is 0, but must be between 5 and 102400"},
        {with(start_text, "processes=1024", "processes=1"),
         "processes is 1, but must be between 16 and 1048576"},
        {with(start_text, "disk=524288000", "disk=1"),
         "disk is 1, but must be between 16777216 and 17592186044416"},
        {with(start_text, "disk=524288000", "disk=99999999999999"),
         "disk is 99999999999999, but must be between 16777216 and 17592186044416"},
        {with(start_text, "disk=524288000\n", ""), "disk must be given once, not 0 times"},
        {with(start_text, "cpu=200\n", ""), "cpu must be given once, not 0 times"},
        {"1 change\nid=desk_0123456789ab\nmemory=67108864\n", "cpu must be given once, not 0 times"},
        {"1 change\nid=desk_0123456789ab\nmemory=1\ncpu=5\nprocesses=16\ndisk=0\n",
         "memory is 1, but must be between 67108864 and 1099511627776"},
        {"1 change\nid=desk_0123456789ab\nnetwork=lan\n", "network is 'lan', but must be none or internet"},
        {"1 change\nid=desk_0123456789ab\nslot=3\n", "change has 1 fields, not 2"},
        {"1 list_workspaces\nworkspace_owner=..\n", "workspace_owner must be 64 hexadecimal digits"},
        {"1 read_workspace\nworkspace_owner=" + std::string(64, 'f') + "\nworkspace=.\n",
         "workspace is '.', but must be 1 to 64 of a-z, 0-9, '.', '_' and '-', the first a letter or digit"},
        {start_text + "workspace=x\n", "workspace_owner must be given once, not 0 times"},
        {with(start_text + workspace_text, "a.b_c-1", "../b"),
         "workspace is '../b', but must be 1 to 64 of a-z, 0-9, '.', '_' and '-', the first a letter or "
         "digit"},
        {with(start_text + workspace_text, "a.b_c-1", std::string(65, 'x')),
         "workspace is '" + std::string(65, 'x') +
             "', but must be 1 to 64 of a-z, 0-9, '.', '_' and '-', the first a letter or digit"},
        {with(start_text + workspace_text, "ffff\n", "fff/\n"),
         "workspace_owner must be 64 hexadecimal digits"},
        {with(start_text + workspace_text, "=yes", "=1"), "workspace_home is '1', but must be yes or no"},
        {start_text + "mount=/etc\n", "start has 12 fields, not 13"},
        {std::string(longest_request + 1, 'x'), "a message may have at most 4096 bytes"},
    };
    for (const auto& [text, message] : cases) {
        const auto request = parse_request(text);
        REQUIRE(!request);
        CHECK(request.error().code() == Code::invalid);
        CHECK(request.error().message() == message);
    }
}

TEST_CASE("The number of a refused request is still found") {
    CHECK(number_of("12 burn\n") == 12);
    CHECK(number_of("burn") == 0);
}

TEST_CASE("Answers survive the way, and errors keep code, reason and sentence") {
    const Answer good{9, std::nullopt, {{"pid", "4711"}, {"warning", "one"}, {"warning", "two=2"}}};
    const auto parsed = parse_answer(format_answer(good));
    REQUIRE(parsed);
    CHECK(parsed->number == 9);
    CHECK(parsed->fields == good.fields);
    CHECK(parsed->get_number("pid") == 4711);
    CHECK(parsed->find("interface") == std::nullopt);
    CHECK_THROWS_AS((void)parsed->get_number("warning"), Error);

    const auto refused = parse_answer(format_answer({3, Error{Code::exhausted, "no\nroom", "full"}, {}}));
    REQUIRE(refused);
    REQUIRE(refused->error);
    CHECK(refused->error->code() == Code::exhausted);
    CHECK(refused->error->message() == "no room");
    CHECK(refused->error->reason() == "full");
}

TEST_CASE("A value cannot become a line of its own") {
    const auto text = format_answer({1, std::nullopt, {{"warning", "x\npid=1"}}});
    const auto parsed = parse_answer(text);
    REQUIRE(parsed);
    CHECK(parsed->fields.size() == 1);
}
