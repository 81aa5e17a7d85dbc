#include "desk/page/script.hpp"

#include <fmt/format.h>

#include <random>

#include "desk/cdp/typing.hpp"

namespace carrel::desk::page {

namespace {

constexpr unsigned char parts[] = {
#embed "scripts/dom.js"
    , '\n',
#embed "scripts/roles.js"
    , '\n',
#embed "scripts/names.js"
    , '\n',
#embed "scripts/states.js"
    , '\n',
#embed "scripts/sight.js"
    , '\n',
#embed "scripts/targets.js"
    , '\n',
#embed "scripts/shadows.js"
    , '\n',
#embed "scripts/tree.js"
    , '\n',
#embed "scripts/text.js"
    , '\n',
#embed "scripts/actions.js"
    , '\n',
#embed "scripts/wheel.js"
    , '\n',
#embed "scripts/lists.js"
    , '\n',
#embed "scripts/forms.js"
    , '\n',
#embed "scripts/last.js"
};

}  // namespace

const std::string& page_world() {
    static const auto name = fmt::format("carrel-page-{:08x}", std::random_device{}());
    return name;
}

const std::string& page_script() {
    static const std::string script =
        fmt::format("(() => {{\nconst watchTyping = {};\n{}\n}})()", cdp::typing_watch_script,
                    std::string_view{reinterpret_cast<const char*>(parts), sizeof parts});
    return script;
}

std::string page_call(std::string_view operation, const json::Object& options, std::string_view token) {
    return fmt::format(
        "(async () => {{ const token = {1}; if (!globalThis.carrelPage) return {{missing: true}};"
        " if (token && token !== carrelToken) return {{gone: true}};"
        " return {{token: carrelToken, result: await carrelPage({0}, {2})}}; }})()",
        json::to_text(json::Value(operation)), json::to_text(json::Value(token)), json::to_text(options));
}

}  // namespace carrel::desk::page
