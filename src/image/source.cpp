#include "image/source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "core/sys.hpp"
#include "crypto/digest.hpp"

namespace carrel::image {

namespace {

/// Part of every hash: to be raised when this module makes another root file system of the same recipe.
constexpr std::string_view format = "carrel image 1";
constexpr std::size_t largest_file = std::size_t{64} << 20;

std::string read_needed(const std::string& path, std::string_view wanted_by) {
    auto text = core::find_file_text(path, largest_file);
    if (!text)
        throw core::Error{core::Code::invalid,
                          fmt::format("{} is missing, but {} names it", path, wanted_by)};
    return std::move(*text);
}

std::string content_of(const Step& step, const std::string& folder, const std::string& programs) {
    if (const auto* file = std::get_if<PutFile>(&step))
        return read_needed(folder + "/files" + file->path, folder + "/recipe");
    if (const auto* program = std::get_if<PutProgram>(&step))
        return read_needed(programs + "/" + program->name, folder + "/recipe");
    return {};
}

/// A file that no line names would be forgotten in silence.
void refuse_unnamed_files(const std::string& folder, const Recipe& recipe) {
    const std::string files = folder + "/files";
    if (!std::filesystem::exists(files)) return;
    std::set<std::string> named;
    for (const auto& step : recipe.steps)
        if (const auto* file = std::get_if<PutFile>(&step)) named.insert(files + file->path);
    for (const auto& entry : std::filesystem::recursive_directory_iterator{files})
        if (!entry.is_directory() && !named.contains(entry.path().string()))
            throw core::Error{
                core::Code::invalid,
                fmt::format("{} is in no line of {}/recipe; add 'file 0644 {}' or remove it",
                            entry.path().string(), folder, entry.path().string().substr(files.size()))};
}

/// Hashes words so that no two lists of words have the same bytes.
class Hasher {
public:
    void add(std::string_view word) {
        stream_.update(fmt::format("{}:", word.size()));
        stream_.update(word);
    }
    void add(const std::vector<std::string>& words) {
        add(fmt::format("{} words", words.size()));
        for (const auto& word : words) add(word);
    }
    void operator()(const PutFile& file) { add(fmt::format("file {:o} {}", file.mode, file.path)); }
    void operator()(const PutProgram& program) {
        add(fmt::format("program {:o} {}", program.mode, program.path));
    }
    void operator()(const RunCommand& run) { add("run " + run.command); }
    std::string finish() { return crypto::to_hex(stream_.finish()); }

private:
    crypto::Sha256Stream stream_;
};

std::string hash_of(const Source& source) {
    Hasher hasher;
    hasher.add(format);
    hasher.add(source.recipe.suite);
    hasher.add(source.recipe.packages);
    hasher.add(source.recipe.excluded);
    hasher.add(source.recipe.kept);
    for (const auto& step : source.steps) {
        std::visit(hasher, step.step);
        hasher.add(step.content);
    }
    if (source.recipe.has_no_display) hasher.add("no display");
    if (!source.recipe.base.empty())
        hasher.add(fmt::format("from {} {}", source.base.image, source.base.hash));
    return hasher.finish();
}

/// A base's recipe lies beside its user's, or is one of ours.
std::string find_base_folder(const std::string& folder, const std::string& name,
                             const std::string& programs) {
    const auto beside = std::filesystem::weakly_canonical(folder).parent_path() / name;
    if (std::filesystem::exists(beside / "recipe")) return beside.string();
    return find_recipe_folder(name, programs);
}

void load_upon(const std::string& folder, const std::string& programs, std::size_t below,
               std::vector<Source>& stack) {
    if (below > jail::wire::most_layers_below)
        throw core::Error{core::Code::invalid,
                          fmt::format("{}/recipe: more than {} images stand on each other, or one on itself",
                                      folder, jail::wire::most_layers_below)};
    auto source = load_source(folder, programs, [&](const std::string& name) {
        load_upon(find_base_folder(folder, name, programs), programs, below + 1, stack);
        return stack.back().hash;
    });
    stack.push_back(std::move(source));
}

}  // namespace

std::string find_recipe_folder(std::string_view name, const std::string& programs) {
    if (name.contains('/')) {
        if (std::filesystem::exists(fmt::format("{}/recipe", name))) return std::string{name};
        throw core::Error{core::Code::not_found, fmt::format("there is no {}/recipe", name)};
    }
    if (!jail::wire::is_image_name(name))
        throw core::Error{core::Code::invalid, fmt::format("'{}' cannot be an image's name", name)};
    const std::array places{fmt::format("{}/../../../image/{}", programs, name),
                            fmt::format("{}/../share/carrel/image/{}", programs, name)};
    for (const auto& place : places)
        if (std::filesystem::exists(place + "/recipe")) return std::filesystem::canonical(place).string();
    throw core::Error{core::Code::not_found, fmt::format("there is no recipe {}; it would be in {}", name,
                                                         fmt::join(places, " or "))};
}

Source load_source(const std::string& folder, const std::string& programs, const BuildOf& base) {
    const auto path = std::filesystem::weakly_canonical(folder).string();
    Source source;
    source.name = std::filesystem::path{path}.filename().string();
    if (!jail::wire::is_image_name(source.name))
        throw core::Error{core::Code::invalid,
                          fmt::format("the folder {} cannot name an image: use 1 to 32 of a-z, 0-9 and -, "
                                      "which does not come first",
                                      path)};
    auto recipe = parse_recipe(read_needed(path + "/recipe", "the image"));
    if (!recipe) throw recipe.error().during(path + "/recipe");
    source.recipe = std::move(*recipe);
    refuse_unnamed_files(path, source.recipe);
    for (const auto& step : source.recipe.steps)
        source.steps.push_back({step, content_of(step, path, programs)});
    if (!source.recipe.base.empty()) source.base = {source.recipe.base, base(source.recipe.base)};
    source.hash = hash_of(source);
    return source;
}

std::vector<Source> load_stack(const std::string& folder, const std::string& programs) {
    std::vector<Source> stack;
    load_upon(folder, programs, 0, stack);
    return stack;
}

}  // namespace carrel::image
