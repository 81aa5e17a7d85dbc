// carrel-jail: the part of Carrel that is root. See src/jail.
#include "jail/main.hpp"

int main(int count, char** words) { return carrel::jail::run_program({words + 1, words + count}); }
