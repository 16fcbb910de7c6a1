#pragma once

// Test double: the part of jacdac-c's interface that the component uses. fake_usb.c plays the cable.

#include <stdint.h>

/** Bytes from the computer, in the USB driver's interrupt. */
void jd_usb_push(const uint8_t *buf, unsigned len);
