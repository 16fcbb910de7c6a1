#pragma once

#include <stdbool.h>

#include "flash_bridge.h"

/** Finds the partition `chirplog` (partitions.csv) and fills `cells` in. @return whether there is one */
bool esp32_partition_open(struct flash_cells *cells);
