// Which models there are for sessions, and whose keys open them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/interfaces.hpp"
#include "vendors/vendors.hpp"

namespace carrel::session {

using Key = std::string;  ///< of a model's vendor; never stored, logged or shown

/// One vendor of models, as this server offers it.
struct Provider {
    vendors::Vendor vendor;
    std::string default_model;    ///< as the settings say
    std::optional<Key> base_key;  ///< from the environment; one that a principal sets goes before it
    /// Throws Error when there is no such model.
    std::function<std::unique_ptr<agent::Model>(const std::string& model, const Key& key)> make;
};

/// A model by its names, as a session keeps it.
struct ChosenModel {
    std::string provider;
    std::string model;
    bool operator==(const ChosenModel&) const = default;
};

/// The principal's own key of that provider, from where an admin said that it stands; read at each use.
using OwnKey = std::function<std::optional<Key>(const std::string& principal, const std::string& provider)>;

/// Keys are kept in memory only, each for the principal of that name.
class Models {
public:
    /// `providers` is not empty; the default one is among them.
    Models(std::vector<Provider> providers, std::string default_provider, OwnKey own_key = {})
        : providers_{std::move(providers)},
          default_provider_{std::move(default_provider)},
          own_key_{std::move(own_key)} {}

    const std::vector<Provider>& providers() const { return providers_; }
    const Provider& default_provider() const { return get_provider(default_provider_); }

    /// Whether the provider can be used: needs no key, or has one for that principal. This and the next throw
    /// invalid for an unknown provider.
    bool has_key(const std::string& principal, const std::string& provider) const;
    /// Throws invalid also for a provider that takes no key.
    void set_key(const std::string& principal, const std::string& provider, Key key);
    void forget_key(const std::string& principal, const std::string& provider);

    /// What a new session gets: what is absent is the default. Throws invalid when there is no such provider,
    /// or it has no such model; without a key the latter cannot be said, and make() will.
    ChosenModel choose(const std::string& principal, const std::optional<std::string>& provider,
                       const std::optional<std::string>& model) const;
    /// Throws unavailable (reason "no_model_key") when the provider needs a key and there is none.
    std::unique_ptr<agent::Model> make(const std::string& principal, const ChosenModel& chosen) const;

private:
    const Provider& get_provider(const std::string& name) const;
    std::optional<Key> find_key(const std::string& principal, const Provider& provider) const;

    std::vector<Provider> providers_;
    std::string default_provider_;
    OwnKey own_key_;
    std::map<std::pair<std::string, std::string>, Key> keys_;  ///< by principal and provider
};

}  // namespace carrel::session
