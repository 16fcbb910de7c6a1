#pragma once

#include <stdbool.h>
#include <stdint.h>

/** How long the button must be held for the device to take a new program; longer than any press that the keyfob asks for. */
#define WEARER_HOLD_MS 5000u

/** For so long after that, or after plugging in with the button held, a new program is taken. */
#define WEARER_AGREES_MS 60000u

/** For so long after a start and after any press the device does not sleep, so that a cable plugged in meanwhile is noticed. */
#define WEARER_AWAKE_MS 60000u

/** What the wearer said with the button. Start with all zero. Times are milliseconds of any clock that wraps at 2^32. */
struct wearer {
    uint32_t pressed_at_ms;
    uint32_t touched_at_ms;
    uint32_t agreed_at_ms;
    bool has_started;
    bool is_pressed;
    bool is_usb_alive;
    bool is_touched;
    bool has_agreed;
};

/**
 * To be called every turn of the main loop.
 *
 * @param has_program whether the device holds a program; without one it takes any, for there is no keyfob to take over
 */
void wearer_note(struct wearer *wearer, uint32_t now_ms, bool is_pressed, bool is_usb_alive, bool has_program);

/** @return whether a new program may be taken. Ends early when the cable is pulled */
bool wearer_agrees(const struct wearer *wearer);

/** @return whether the device started or the button was pressed a short while ago */
bool wearer_is_near(const struct wearer *wearer);
