#pragma once

// Test double: the part of ESP-IDF's header that the component uses, by its documented signatures.

#define IRAM_ATTR
#define DRAM_ATTR
