// Scripts for the scripted model: what it says and does, answer by answer. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "json/parse.hpp"

namespace carrel::agent::scripted {

struct ScriptedCall {
    std::string name;  ///< of a tool: a member of the computer toolset, bash, the editor
    json::Object input;
};

struct ScriptedAnswer {
    std::string text;
    std::string thinking;
    std::vector<ScriptedCall> tool_uses;
};

using Script = std::vector<ScriptedAnswer>;

/// [{"text":"…","thinking":"…","tool_uses":[{"name":"…","input":{…}}]}, …]; every field may be absent.
/// The error says what is wrong and where.
core::Expected<Script> parse_script(std::string_view text);

/// The built-in tour: a page in the browser, typing, a terminal, a file.
const Script& tour();

}  // namespace carrel::agent::scripted
