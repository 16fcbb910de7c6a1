#pragma once

#include <stdbool.h>

/** Most buttons that are watched; a board has one or two. */
#define MOST_BUTTONS 4u

/** Class of Jacdac's button service (jacdac-spec, button.md). */
#define BUTTON_CLASS 0x1473a263u

/** The runtime has made a button service: the next pin that it sets up as input is that button's. */
void buttons_expect(void);

/** @return whether any button is held */
bool buttons_pressed(void);
