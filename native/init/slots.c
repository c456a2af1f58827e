#include "slots.h"

#include <unistd.h>

#include "report.h"

static int slots[SLOT_COUNT];  // fd + 1, so that 0 is an empty one

void keep(long slot, int fd) {
  if (slot < 0 || slot >= SLOT_COUNT) mistake("no such slot");
  if (slots[slot]) close(slots[slot] - 1);
  slots[slot] = fd + 1;
}

int kept(long slot) {
  if (slot < 0 || slot >= SLOT_COUNT || !slots[slot]) mistake("an empty slot");
  return slots[slot] - 1;
}

void keep_only(const uint32_t *these, size_t count) {
  for (uint32_t slot = 0; slot < SLOT_COUNT; slot++) {
    int stays = 0;
    for (size_t i = 0; i < count; i++) stays |= these[i] == slot;
    if (stays || !slots[slot]) continue;
    close(slots[slot] - 1);
    slots[slot] = 0;
  }
}
