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
