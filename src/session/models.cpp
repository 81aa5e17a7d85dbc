#include "session/models.hpp"

#include "core/error.hpp"

namespace carrel::session {

using core::Code;
using core::Error;

const Provider& Models::get_provider(const std::string& name) const {
    std::string known;
    for (const auto& provider : providers_) {
        if (provider.vendor.name == name) return provider;
        (known += known.empty() ? "" : ", ") += provider.vendor.name;
    }
    throw Error{Code::invalid, "there is no provider " + name + "; there are " + known, "unknown_provider"};
}

std::optional<Key> Models::find_key(const std::string& principal, const Provider& provider) const {
    const auto own = keys_.find({principal, std::string{provider.vendor.name}});
    if (own != keys_.end()) return own->second;
    if (own_key_)
        if (auto kept = own_key_(principal, std::string{provider.vendor.name})) return kept;
    return provider.base_key;
}

bool Models::has_key(const std::string& principal, const std::string& provider) const {
    const auto& named = get_provider(provider);
    return !named.vendor.needs_key || find_key(principal, named);
}

void Models::set_key(const std::string& principal, const std::string& provider, Key key) {
    const auto& named = get_provider(provider);
    if (!named.vendor.needs_key)
        throw Error{Code::invalid, "the provider " + provider + " takes no key", "takes_no_key"};
    keys_[{principal, provider}] = std::move(key);
}

void Models::forget_key(const std::string& principal, const std::string& provider) {
    keys_.erase({principal, std::string{get_provider(provider).vendor.name}});
}

ChosenModel Models::choose(const std::string& principal, const std::optional<std::string>& provider,
                           const std::optional<std::string>& model) const {
    const auto& named = get_provider(provider.value_or(default_provider_));
    ChosenModel chosen{std::string{named.vendor.name}, model.value_or(named.default_model)};
    try {
        named.make(chosen.model, find_key(principal, named).value_or(""));
    } catch (const Error& error) {
        if (error.code() != Code::unavailable) throw;
    }
    return chosen;
}

std::unique_ptr<agent::Model> Models::make(const std::string& principal, const ChosenModel& chosen) const {
    const auto& provider = get_provider(chosen.provider);
    const auto key = find_key(principal, provider);
    if (provider.vendor.needs_key && !key)
        throw Error{Code::unavailable,
                    "there is no key for " + std::string{provider.vendor.name} +
                        ": paste one into the page, or set it in the environment",
                    "no_model_key"};
    return provider.make(chosen.model, key.value_or(""));
}

}  // namespace carrel::session
