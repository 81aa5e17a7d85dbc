// The script that reads pages and sets their fields. It runs in an isolated world of each frame: the
// document is the page's, the globals are ours (page_scripts/).
#pragma once

#include <string>
#include <string_view>

#include "json/parse.hpp"

namespace carrel::desk::page {

/// The isolated world's name, of this process: contexts of one name are shared by all sessions and outlive
/// them, so the numbers of elements do too.
const std::string& page_world();

/// The whole script, as an expression.
const std::string& page_script();

/// An expression that runs one operation of the script: {token, result}, or {missing: true} where the
/// script has not been run yet. With a `token` of another document it is {gone: true}.
std::string page_call(std::string_view operation, const json::Object& options, std::string_view token = {});

}  // namespace carrel::desk::page
