#include "session/models.hpp"

#include <doctest/doctest.h>

#include "core/error.hpp"
#include "tests/fakes/fake_agent.hpp"

using namespace carrel;
using session::ChosenModel;

namespace {

/// Three vendors, and what their models were made with.
struct Shop {
    std::vector<std::string> made;  ///< "model key"
    session::Models models{{provider("open", false), provider("keyed", true), with_base_key()}, "open"};

    session::Provider provider(std::string_view name, bool needs_key) {
        auto make = [this](const std::string& model,
                           const session::Key& key) -> std::unique_ptr<agent::Model> {
            if (model == "unknown") throw core::Error{core::Code::invalid, "there is no model unknown"};
            if (model == "shy" && key.empty())
                throw core::Error{core::Code::unavailable, "without a key nothing can be said"};
            made.push_back(model + " " + key);
            return std::make_unique<fakes::FakeModel>();
        };
        return {.vendor = {.name = name, .needs_key = needs_key},
                .default_model = std::string{name} + "-1",
                .make = std::move(make)};
    }
    session::Provider with_base_key() {
        auto paid = provider("paid", true);
        paid.base_key = "base";
        return paid;
    }
};

template <class Function>
std::string refusal_of(Function function) {
    try {
        function();
    } catch (const core::Error& error) {
        return error.reason() + ": " + error.message();
    }
    return "";
}

}  // namespace

TEST_CASE("a key is its principal's own, and goes before the one of the environment") {
    Shop shop;
    auto& models = shop.models;
    CHECK(models.has_key("ann", "open"));
    CHECK(models.has_key("ann", "paid"));
    CHECK_FALSE(models.has_key("ann", "keyed"));
    models.set_key("ann", "keyed", "ann's");
    models.set_key("ann", "paid", "ann's own");
    CHECK(models.has_key("ann", "keyed"));
    CHECK_FALSE(models.has_key("bob", "keyed"));
    models.make("ann", {"keyed", "k"});
    models.make("ann", {"paid", "p"});
    models.make("bob", {"paid", "p"});
    models.forget_key("ann", "paid");
    models.make("ann", {"paid", "p"});
    CHECK(shop.made == std::vector<std::string>{"k ann's", "p ann's own", "p base", "p base"});
    CHECK(refusal_of([&] { models.make("bob", {"keyed", "k"}); }).starts_with("no_model_key: "));
    CHECK(refusal_of([&] { models.set_key("ann", "open", "x"); }) ==
          "takes_no_key: the provider open takes no key");
}

TEST_CASE("a session gets the model that was named, or the default one") {
    Shop shop;
    const auto& models = shop.models;
    CHECK(models.default_provider().vendor.name == "open");
    CHECK(models.choose("ann", {}, {}) == ChosenModel{"open", "open-1"});
    CHECK(models.choose("ann", "keyed", {}) == ChosenModel{"keyed", "keyed-1"});
    CHECK(models.choose("ann", {}, "other") == ChosenModel{"open", "other"});
    CHECK(models.choose("ann", "keyed", "shy") == ChosenModel{"keyed", "shy"});
    CHECK(refusal_of([&] { models.choose("ann", "open", "unknown"); }) ==
          "invalid: there is no model unknown");
}

TEST_CASE("an unknown provider is refused with the names that there are") {
    Shop shop;
    auto& models = shop.models;
    const std::string refusal = "unknown_provider: there is no provider x; there are open, keyed, paid";
    CHECK(refusal_of([&] { models.choose("ann", "x", {}); }) == refusal);
    CHECK(refusal_of([&] { models.make("ann", {"x", "m"}); }) == refusal);
    CHECK(refusal_of([&] { models.has_key("ann", "x"); }) == refusal);
    CHECK(refusal_of([&] { models.set_key("ann", "x", "k"); }) == refusal);
    CHECK(refusal_of([&] { models.forget_key("ann", "x"); }) == refusal);
}
