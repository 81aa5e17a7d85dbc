#include "image/build.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "core/sys.hpp"
#include "core/text.hpp"
#include "image/command.hpp"
#include "image/contained.hpp"
#include "image/host_apt.hpp"
#include "image/inside.hpp"
#include "image/progress.hpp"

namespace carrel::image {

namespace {

namespace fs = std::filesystem;
using core::Code;
using core::Error;

/// apt's own view of its configuration, with every file of the host already merged.
std::string settings_of_host(const std::string& temporary) {
    std::string dump;
    run_contained({"apt-config", "dump"}, temporary,
                  [&](std::string_view line) { dump.append(line).append("\n"); });
    return relevant_settings(dump);
}

Workplace prepare(const Source& source, const Draft& draft) {
    Workplace workplace{draft.root(), draft.work() + "/steps.sh", draft.work() + "/puts",
                        draft.work() + "/apt.conf"};
    fs::create_directories(workplace.puts);
    write_file(workplace.script, step_script(source.steps, workplace));
    for (std::size_t number = 0; number < source.steps.size(); ++number)
        write_file(fmt::format("{}/{}", workplace.puts, number), source.steps[number].content);
    write_file(workplace.settings, settings_of_host(draft.work() + "/tmp"));
    return workplace;
}

/// Runs what makes the files, and tells of it.
void run_maker(const std::vector<std::string>& words, const std::string& temporary,
               const Progress& progress) {
    ProgressReader reader;
    const int status = run_contained(words, temporary, [&](std::string_view line) {
        if (const auto shown = reader.read(core::repair_utf8(line))) progress(*shown);
    });
    if (status != 0)
        throw Error{Code::unavailable,
                    fmt::format("{} ended with status {}. Its last lines:\n{}",
                                words.front() == "sh" ? "the layer's script" : words.front(), status,
                                reader.last_lines())};
}

void run_mmdebstrap(const Source& source, const Workplace& workplace, const std::string& temporary,
                    const Progress& progress) {
    const auto sources = debian_lines_of_host(source.recipe.suite);
    progress(fmt::format("from {}", fmt::join(sources, ", ")));
    run_maker(mmdebstrap_words(source.recipe, workplace, sources), temporary, progress);
}

/// What mmdebstrap takes over from the host, and does so after our own steps: nothing of this machine
/// and nothing secret (a proxy's password) may get into a desk.
void forget_host(const std::string& root, std::string_view suite) {
    for (const auto& entry : fs::directory_iterator{root + "/dev"}) fs::remove_all(entry.path());
    for (const auto* path :
         {"/etc/apt/apt.conf.d/99mmdebstrap", "/etc/resolv.conf", "/etc/apt/sources.list", "/etc/hostname"})
        fs::remove(root + path);
    write_file(root + "/etc/resolv.conf", "");
    write_file(root + "/etc/hostname", "desk\n");
    write_file(root + "/etc/apt/sources.list",
               fmt::format("{}\n", fmt::join(default_debian_lines(suite), "\n")));
}

/// The release of a Debian root file system; its layers say only what changed (os-release(5)).
std::string suite_of(const std::vector<std::string>& roots) {
    constexpr std::string_view name = "VERSION_CODENAME=";
    for (const auto& root : roots) {
        const auto text = find_text_inside(root, "etc/os-release");
        if (!text || !find_text_inside(root, "etc/debian_version")) continue;
        for (const auto line : core::split(*text, '\n')) {
            auto suite = line.starts_with(name) ? line.substr(name.size()) : std::string_view{};
            if (!suite.empty() && suite.find_first_not_of("abcdefghijklmnopqrstuvwxyz") == suite.npos)
                return std::string{suite};
        }
    }
    throw Error{Code::invalid, "what it stands on is no Debian release, so it can take no packages"};
}

/// Runs apt and the steps in an overlay of which the upper layer is the new image.
jail::wire::ImageFacts build_layer(const Source& source, const std::string& data, const Draft& draft,
                                   const Workplace& workplace, const Progress& progress) {
    const auto base = get_image(data, source.base.image, source.base.hash);
    jail::wire::ImageFacts facts = base.facts;
    facts.below.insert(facts.below.begin(), source.base);
    std::vector<std::string> roots;
    for (const auto& layer : facts.below)
        roots.push_back(fmt::format("{}/images/{}/{}/root", data, layer.image, layer.hash));
    if (!source.recipe.packages.empty()) {
        const auto sources = debian_lines_of_host(suite_of(roots));
        progress(fmt::format("from {}", fmt::join(sources, ", ")));
        write_file(draft.work() + "/sources.list", fmt::format("{}\n", fmt::join(sources, "\n")));
    }
    const LayerPlace place{data + "/images", fs::path{draft.path()}.lexically_relative(data + "/images"),
                           facts.below};
    write_file(draft.work() + "/layer.conf",
               layer_settings(source.recipe, place, core::read_file(workplace.settings)));
    write_file(draft.work() + "/layer.sh", layer_script(source.recipe, place));
    run_maker({"sh", "-eu", draft.work() + "/layer.sh"}, draft.work() + "/tmp", progress);
    return facts;
}

}  // namespace

Image build_image(const Source& source, const std::string& data_folder, const Progress& progress) {
    const auto data = fs::absolute(data_folder).lexically_normal().string();
    return make_image(data, source.name, source.hash, progress, [&](Draft& draft) {
        const auto workplace = prepare(source, draft);
        Nature nature;
        if (source.recipe.base.empty()) {
            run_mmdebstrap(source, workplace, draft.work() + "/tmp", progress);
            forget_host(workplace.root, source.recipe.suite);
        } else {
            nature.facts = build_layer(source, data, draft, workplace, progress);
        }
        if (source.recipe.has_no_display) nature.facts.has_display = false;
        return nature;
    });
}

}  // namespace carrel::image
