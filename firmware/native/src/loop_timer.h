#pragma once

#include <stdint.h>

// Turns the main loop when it has something to do. The runtime's own 10 ms tick goes on while the chip is awake, but no longer
// wakes it; what wakes it is one timer, set after each turn to the first of these: when a fiber of the program is due, when
// somebody asked for a turn, one second. At that second silent devices are removed, its own services among them (jacdac-c,
// EXPIRES_USEC): a loop that turned more seldom would lose radio and flash.

/** Makes the timer. To be called before the first turn. */
void loop_timer_start(void);

/** Around each turn. */
void loop_timer_turn_begins(int64_t now_us);
void loop_timer_turn_ends(int64_t now_us);

/** Asks for the next turn at most `ms` after this one. To be called within a turn. */
void loop_timer_ask(uint32_t ms);

/** @return turns since the start */
uint32_t loop_timer_turns(void);

/** @return the longest time that a turn began after it was due, in milliseconds */
uint32_t loop_timer_late_ms(void);
