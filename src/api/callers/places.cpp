#include "api/callers/places.hpp"

namespace carrel::api {

Place Places::take(const std::string& name) {
    auto& count = (*taken_)[name];
    if (count >= most_) throw refusal_;
    ++count;
    const auto give_back = [taken = taken_, name](const void*) {
        if (const auto place = taken->find(name); --place->second == 0) taken->erase(place);
    };
    // What it points to is nothing: only the end of it counts.
    return Place{this, give_back};
}

}  // namespace carrel::api
