#include "desk/desktop/scene.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace carrel::desk::desktop {

namespace {

json::Object describe(const Scene::Window& window) {
    return {{"window_id", fmt::format("0x{:08x}", window.id)}, {"title", window.title}};
}

/// Those of `here` that `there` does not have.
json::Array missing(const Scene& here, const Scene& there) {
    json::Array windows;
    for (const auto& window : here.windows)
        if (!there.find(window.id)) windows.push_back(describe(window));
    return windows;
}

json::Array renamed(const Scene& before, const Scene& after) {
    json::Array windows;
    for (const auto& window : after.windows) {
        const auto* former = before.find(window.id);
        if (!former || former->title == window.title) continue;
        auto entry = describe(window);
        entry["before"] = former->title;
        windows.push_back(std::move(entry));
    }
    return windows;
}

}  // namespace

const Scene::Window* Scene::find(std::uint32_t id) const {
    const auto found = std::ranges::find(windows, id, &Window::id);
    return found == windows.end() ? nullptr : &*found;
}

json::Object differences(const Scene& before, const Scene& after) {
    json::Object all;
    if (auto opened = missing(after, before); !opened.empty()) all["opened"] = std::move(opened);
    if (auto closed = missing(before, after); !closed.empty()) all["closed"] = std::move(closed);
    if (auto titles = renamed(before, after); !titles.empty()) all["titles"] = std::move(titles);
    // A manager may go on naming a window that is closed.
    const auto* former = before.find(before.active);
    const auto* active = after.find(after.active);
    if ((former ? former->id : 0) != (active ? active->id : 0)) {
        all["active"] = nullptr;
        if (active) all["active"] = describe(*active);
    }
    if (before.copies != after.copies) all["clipboard"] = true;
    return all;
}

}  // namespace carrel::desk::desktop
