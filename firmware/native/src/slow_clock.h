#pragma once

// The clock that runs while the chip sleeps. It tells the time that passed, and when the radio must wake.

/** Register `sleep_clock` of services/sleep.md. */
enum slow_clock {
    SLOW_CLOCK_RC = 0,
    SLOW_CLOCK_CRYSTAL = 1,
    SLOW_CLOCK_OSCILLATOR = 2,
    SLOW_CLOCK_MAIN_CRYSTAL = 3,
};

/** @return the clock that the chip chose when it started: a crystal that does not swing is replaced by the RC */
enum slow_clock slow_clock_source(void);

/** Forgets the last calibration. */
void slow_clock_start(void);
