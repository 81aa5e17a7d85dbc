// Nothing: CMake wants a source where a header is precompiled.
