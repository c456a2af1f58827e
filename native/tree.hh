#pragma once
#include <string>
#include <vector>

// What is in a folder, without "." and "..". The folder itself is not followed when it is a link.
std::vector<std::string> namesIn(int folder, const std::string& name);

// Removes a name and all below it. Links in it are removed, never followed.
void removeAt(int folder, const std::string& name);
