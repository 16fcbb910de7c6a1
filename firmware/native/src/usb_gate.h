#pragma once

#include <stdbool.h>

#include "jd_protocol.h"

/**
 * What may pass between a DeviceScript device and the computer on its USB cable. Everything that is not named here stays on
 * its side: the runtime's settings, debugger and role manager, buttons and lights, and the two services of this component.
 *
 * To the device: single commands to the program's own services (the keyfob service), to the program manager and its pipe,
 * and to the control service (announce, identify, reset, reading registers); and the call to all devices to announce
 * themselves. No report: a computer that may only command can forge no press of a button and offer no service.
 *
 * From the device: reports of the program's own services, of the program manager and of the control service, and
 * acknowledgements. No command: what the program says to the services of its own device are its seeds and rows.
 */
struct usb_gate {
    /** The device, with the runtime's own services. */
    uint64_t device_id;
    /** The second device of the same board, with the services of the program. */
    uint64_t program_id;
    /** Index of the program manager (class 0x1134ea2b); 0 if there is none. */
    uint8_t manager_index;
};

/** The entry of a hidden service in an announcement: indexes after it must not move. */
#define USB_GATE_HIDDEN_CLASS 0xffffffffu

/** Class of the DeviceScript manager. */
#define USB_GATE_MANAGER_CLASS 0x1134ea2bu

/** @return whether this frame of the computer may reach the device. Its crc has been checked, nothing else. */
bool usb_gate_admits(const struct usb_gate *gate, const jd_frame_t *frame);

/**
 * Copies to `out` what may leave of a frame of the device: without the packets that may not, and with the services hidden
 * that the computer cannot reach.
 *
 * @return whether anything is left; `out` then has a correct crc
 */
bool usb_gate_releases(const struct usb_gate *gate, const jd_frame_t *frame, jd_frame_t *out);
