// What a page and its browser tell: readings, console, network, downloads, inputs of the toolset. Whatever
// they are, lines stay lines, everything stays bounded and UTF-8.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/text.hpp"
#include "desk/page/downloads.hpp"
#include "desk/page/find.hpp"
#include "desk/page/keys.hpp"
#include "desk/page/log.hpp"
#include "desk/page/tree.hpp"
#include "desk/toolset/members.hpp"

using namespace carrel;
using namespace carrel::desk;

namespace {

void want(bool holds) {
    if (!holds) std::abort();
}

void read_page(const json::Value& value, std::string_view query) {
    const auto reading = page::parse_reading(value);
    if (!reading) return;
    std::size_t lines = 0;
    const auto tree = page::render_tree(reading->entries, 5'000);
    for (const char byte : tree.text) lines += byte == '\n' ? 1U : 0U;
    want(lines + tree.left_out == reading->entries.size());
    want(core::is_utf8(tree.text) && core::count_characters(tree.text) <= 5'000);
    const auto found = page::find_entries(query, reading->entries, 20);
    want(found.size() <= 20);
    for (const auto& match : found) want(reading->entries.at(match.entry).number > 0);
}

void read_events(const json::Value& value) {
    page::ConsoleLog console;
    page::NetworkLog network;
    page::DownloadList downloads;
    for (const auto* method : {"Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"})
        console.take(method, value);
    for (const auto* method : {"Network.requestWillBeSent", "Network.responseReceived",
                               "Network.loadingFinished", "Network.loadingFailed"})
        network.take(method, value);
    for (const auto* method : {"Browser.downloadWillBegin", "Browser.downloadProgress"})
        downloads.take(method, value);
    for (const auto& entry : console.entries())
        want(core::is_utf8(page::to_line(entry)) && !page::to_line(entry).contains('\n'));
    for (const auto& entry : network.entries())
        want(core::is_utf8(page::to_line(entry)) && !page::to_line(entry).contains('\n'));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    if (core::is_utf8(bytes)) {
        want(!toolset::tool_line(bytes).contains('\n') && core::is_utf8(toolset::tool_line(bytes, 7)));
        want(core::is_utf8(page::one_line(bytes, 9)) &&
             core::count_characters(page::one_line(bytes, 9)) <= 9);
        want(core::is_utf8(page::safe_url(bytes)));
    }
    (void)page::parse_reference(bytes);
    (void)page::typed_pieces(bytes);
    const auto value = json::parse(bytes);
    if (!value) return 0;
    read_page(*value, bytes.substr(0, 40));
    read_events(*value);
    if (!value->is_object()) return 0;
    for (const auto& member : toolset::tool_members()) {
        (void)toolset::parse_tool_input(member, value->get_object());
        want(core::is_utf8(toolset::acknowledgement_of(member, value->get_object())));
        (void)toolset::is_tool_enabled(member, value->get_object());
    }
    return 0;
}
