// The vendors of models, one row each: what a person can choose and set. From these rows come the settings
// and environment variables of each vendor, the choices in the API's requests, GET /api/v1/config and with it
// the page's choices. How a model is asked is in the vendor's folder of src/agent; src/app/models joins the
// two.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace carrel::vendors {

using Models = std::span<const std::string_view>;  ///< their ids

struct Vendor {
    std::string_view name;              ///< in the API, the settings and the store
    std::string_view title;             ///< for people
    std::string_view default_model;     ///< of a session that names none
    Models models;                      ///< to suggest; any other can be named. Empty: there is no choice
    bool needs_key = false;             ///< without a key its sessions answer 503 to messages
    std::string_view key_variable;      ///< environment variable that may hold the key
    std::string_view key_hint;          ///< how a key looks, for whoever pastes one
    std::string_view address_variable;  ///< environment variable of another base URL
    std::string_view address;           ///< base URL when none is set; empty: it needs no network
};

/// Claude 5.5 and its likes, the default first.
inline constexpr std::array<std::string_view, 4> claude_models{"claude-opus-5-5", "claude-sonnet-5-5",
                                                               "claude-haiku-5-5", "claude-fable-5-2"};

/// The first one serves sessions that name none, unless the settings say otherwise.
inline constexpr std::array table{
    Vendor{.name = "anthropic",
           .title = "Anthropic",
           .default_model = claude_models.front(),
           .models = claude_models,
           .needs_key = true,
           .key_variable = "ANTHROPIC_API_KEY",
           .key_hint = "sk-ant-…",
           .address_variable = "ANTHROPIC_BASE_URL",
           .address = "https://api.anthropic.com"},
    Vendor{.name = "scripted", .title = "Scripted", .default_model = "scripted"},
};

/// Null when there is no such vendor.
const Vendor* find_vendor(std::string_view name);

std::vector<std::string> names();
/// Of those whose models need a key.
std::vector<std::string> names_with_key();
/// The names in a sentence: "anthropic or scripted".
std::string names_for_people();

}  // namespace carrel::vendors
