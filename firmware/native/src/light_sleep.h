#pragma once

#include <stdbool.h>
#include <stdint.h>

// Automatic light sleep of ESP-IDF: the chip sleeps whenever every task waits and nobody holds a lock. This component holds one
// until it is sure that the loop will be woken, and whenever USB or the wearer needs the chip awake. It fails closed: a
// runtime in which one of the functions named in CMakeLists.txt goes another way never sleeps.

/** What must have been seen to work before the chip may sleep. */
enum sleep_need {
    SLEEP_NEEDS_TIMER = 1 << 0,
    SLEEP_NEEDS_LOOP_TICK = 1 << 1,
    SLEEP_NEEDS_JACDAC_TICK = 1 << 2,
    SLEEP_NEEDS_FIBERS = 1 << 3,
    SLEEP_NEEDS_SOCKETS = 1 << 4,
};
#define SLEEP_NEEDS_ALL ((1u << 5) - 1)

/** Takes the locks, then switches automatic light sleep on. To be called before the radio's controller is initialised. */
void light_sleep_start(void);

/** One of the needs is met. May come before light_sleep_start(). */
void light_sleep_reached(enum sleep_need need);

/** Something that must work does not: no sleep from now on. */
void light_sleep_failed(void);

/** After each turn of the main loop: whether USB and wearer allow sleep now. */
void light_sleep_allow(bool is_allowed);

/** @return sleeps since the start that were not refused */
uint32_t light_sleep_count(void);

/** @return milliseconds asleep since the start; wraps after 49 days */
uint32_t light_sleep_ms(void);
