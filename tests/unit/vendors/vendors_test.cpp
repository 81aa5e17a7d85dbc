#include "vendors/vendors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace carrel::vendors;

TEST_CASE("vendors are found by name, and told in one sentence") {
    CHECK(find_vendor("scripted")->needs_key == false);
    CHECK(find_vendor("anthropic")->needs_key == true);
    CHECK(find_vendor("bedrock") == nullptr);
    CHECK(names() == std::vector<std::string>{"anthropic", "scripted"});
    CHECK(names_with_key() == std::vector<std::string>{"anthropic"});
    CHECK(names_for_people() == "anthropic or scripted");
}

TEST_CASE("every row says all that its settings need") {
    std::set<std::string_view> variables;
    for (const auto& vendor : table) {
        CAPTURE(vendor.name);
        CHECK_FALSE(vendor.title.empty());
        CHECK_FALSE(vendor.default_model.empty());
        CHECK(vendor.needs_key == !vendor.key_variable.empty());
        CHECK(vendor.needs_key == !vendor.key_hint.empty());
        CHECK(vendor.address.empty() == vendor.address_variable.empty());
        if (!vendor.models.empty())
            CHECK(std::ranges::find(vendor.models, vendor.default_model) != vendor.models.end());
        for (const auto variable : {vendor.key_variable, vendor.address_variable})
            if (!variable.empty()) CHECK(variables.insert(variable).second);
    }
}
