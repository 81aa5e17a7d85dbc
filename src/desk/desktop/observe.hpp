// What input operations have in common: act, wait for what the desk makes of it, answer.
#pragma once

#include <string>

#include "desk/desktop/desktop.hpp"
#include "ops/desk/observe.hpp"
#include "rest/answers.hpp"

namespace carrel::desk::desktop {

/// Runs `action` and waits as `wish` says. The answer has the members of ops::observed_answer.
Task<net::Response> act(std::shared_ptr<Desktop> desktop, ops::Observe wish, Task<> action,
                        std::string output);
/// The same, for who has more to tell.
Task<json::Object> act_and_describe(std::shared_ptr<Desktop> desktop, ops::Observe wish, Task<> action,
                                    std::string output);

/// The whole screen as PNG, in base64, put into `answer` as image, width and height.
Task<> add_screen(Desktop& desktop, json::Object& answer);

}  // namespace carrel::desk::desktop
