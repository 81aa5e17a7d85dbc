#include "jail/desks/layer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/deletion.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"

namespace carrel::jail::desks {

namespace {

using core::checked;
using core::Fd;

constexpr int only_a_folder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

struct LayerPlace {
    Fd parent;
    std::string name;
};

LayerPlace find_place(int layer, const std::string& path) {
    LayerPlace place{Fd{checked("open the layer", ::openat(layer, ".", only_a_folder))}, {}};
    for (const auto part : core::split(path, '/')) {
        if (!place.name.empty())
            place.parent = Fd{checked("open " + place.name + " of the layer",
                                      ::openat(place.parent.get(), place.name.c_str(), only_a_folder))};
        place.name = part;
    }
    return place;
}

void clear_place(const LayerPlace& place, const std::string& path) {
    if (::unlinkat(place.parent.get(), place.name.c_str(), 0) == 0 || errno == ENOENT) return;
    if (errno != EISDIR) throw core::system_error("remove " + path, errno);
    const Fd folder{checked("open " + path, ::openat(place.parent.get(), place.name.c_str(), only_a_folder))};
    core::delete_contents(fmt::format("/proc/self/fd/{}/.", folder.get()));
    checked("remove " + path, ::unlinkat(place.parent.get(), place.name.c_str(), AT_REMOVEDIR));
}

}  // namespace

void make_layer_folder(int layer, const std::string& path) {
    const auto place = find_place(layer, path);
    if (const Fd there{::openat(place.parent.get(), place.name.c_str(), only_a_folder)}) return;
    clear_place(place, path);
    checked("make " + path, ::mkdirat(place.parent.get(), place.name.c_str(), 0755));
}

void write_layer_file(int layer, const std::string& path, const std::string& text) {
    const auto place = find_place(layer, path);
    clear_place(place, path);
    const Fd file{
        checked("make " + path, ::openat(place.parent.get(), place.name.c_str(),
                                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644))};
    core::write_all(file.get(), text);
}

void clear_layer(int layer, const std::string& path) { clear_place(find_place(layer, path), path); }

}  // namespace carrel::jail::desks
