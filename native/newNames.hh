#pragma once
#include <cstddef>
#include <cstdint>

// Makes files, folders and symlinks below a root, in order, up to the first that is refused: how many were made.
// lib/rootfs/newNames.ts writes the batch.
uint32_t makeNames(int root, const uint8_t* batch, size_t size);
