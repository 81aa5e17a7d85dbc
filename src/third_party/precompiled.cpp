// Nothing: the target exists for precompiled.hpp.
