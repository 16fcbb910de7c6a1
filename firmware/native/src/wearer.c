#include "wearer.h"

void wearer_note(struct wearer *wearer, uint32_t now_ms, bool is_pressed, bool is_usb_alive, bool has_program) {
    bool is_first = !wearer->has_started;
    wearer->has_started = true;
    if (wearer->is_usb_alive && !is_usb_alive)
        wearer->has_agreed = false;
    if (is_pressed && !wearer->is_pressed)
        wearer->pressed_at_ms = now_ms;
    if (is_first || is_pressed) {
        wearer->is_touched = true;
        wearer->touched_at_ms = now_ms;
    }
    bool is_plugged_in = is_first || (is_usb_alive && !wearer->is_usb_alive);
    bool is_held = is_pressed && (is_plugged_in || now_ms - wearer->pressed_at_ms >= WEARER_HOLD_MS);
    if (is_held || !has_program) {
        wearer->has_agreed = true;
        wearer->agreed_at_ms = now_ms;
    }
    // Here and not where it is asked for, or it would be true again after 49 days.
    if (wearer->has_agreed && now_ms - wearer->agreed_at_ms >= WEARER_AGREES_MS)
        wearer->has_agreed = false;
    if (wearer->is_touched && now_ms - wearer->touched_at_ms >= WEARER_AWAKE_MS)
        wearer->is_touched = false;
    wearer->is_pressed = is_pressed;
    wearer->is_usb_alive = is_usb_alive;
}

bool wearer_agrees(const struct wearer *wearer) {
    return wearer->has_agreed;
}

bool wearer_is_near(const struct wearer *wearer) {
    return wearer->is_touched;
}
