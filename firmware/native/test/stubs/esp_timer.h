#pragma once

// Test double: the part of ESP-IDF's header that the component uses, by its documented signatures.

#include <stdint.h>

/** Microseconds since the start. */
int64_t esp_timer_get_time(void);
