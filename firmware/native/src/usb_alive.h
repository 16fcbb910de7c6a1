#pragma once

#include <stdbool.h>
#include <stdint.h>

/** Forgets what was seen before. */
void usb_alive_start(void);

/** To be called every turn of the main loop. @return whether a computer on the cable sent a start of frame in the last 3 s */
bool usb_alive(uint32_t now_ms);
