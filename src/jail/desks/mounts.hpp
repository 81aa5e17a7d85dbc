// File systems of a desk, by the mount calls that take descriptors: no path is looked up twice and
// none of a desk's symbolic links is ever followed.
#pragma once

#include <cstdint>
#include <string>

#include "core/fd.hpp"
#include "jail/plan/plan.hpp"

namespace carrel::jail::desks {

/// A detached copy of the directory's mount in which ids on disk are the desk's own.
core::Fd idmapped_tree(const std::string& path, int user_namespace, std::uint64_t attributes);

/// The desk's root: a detached overlay. `disk`: the detached mount that holds upper and work, to be mapped
/// as well; none when the step's folder does. `scratch` is an empty directory of root in our own mount
/// namespace, used only on kernels that take layers by path.
core::Fd mount_overlay(const plan::step::Overlay& step, int user_namespace, const core::Fd& disk,
                       const std::string& scratch);

// --- inside the desk, before it pivots. `root` is the new root, attached somewhere.
/// Attaches the overlay in our mount namespace, over a directory nobody will miss.
void attach_root(int root);
void mount_filesystem(const plan::step::Filesystem& step, int root);
/// A detached file system.
void attach_below(int tree, const std::string& at, int root);
void bind_device(const plan::step::Device& step, int root);
void hide(const plan::step::Hide& step, int root);
void make_link(const plan::step::Link& step, int root);
void make_folder(const plan::step::InnerFolder& step, int root);
/// Makes `root` the root and detaches everything else.
void pivot(int root);

// --- and after it
void make_read_only(const plan::step::ReadOnly& step);

}  // namespace carrel::jail::desks
