#include "vendors/vendors.hpp"

#include <algorithm>

namespace carrel::vendors {

const Vendor* find_vendor(std::string_view name) {
    const auto* const found = std::ranges::find(table, name, &Vendor::name);
    return found == table.end() ? nullptr : found;
}

std::vector<std::string> names() {
    std::vector<std::string> all;
    all.reserve(table.size());
    for (const auto& vendor : table) all.emplace_back(vendor.name);
    return all;
}

std::vector<std::string> names_with_key() {
    std::vector<std::string> some;
    for (const auto& vendor : table)
        if (vendor.needs_key) some.emplace_back(vendor.name);
    return some;
}

std::string names_for_people() {
    std::string sentence;
    for (const auto& vendor : table) {
        if (!sentence.empty()) sentence += &vendor == &table.back() ? " or " : ", ";
        sentence += vendor.name;
    }
    return sentence;
}

}  // namespace carrel::vendors
