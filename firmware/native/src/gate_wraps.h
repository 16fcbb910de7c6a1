#pragma once

#include <stdbool.h>
#include <stdint.h>

// Puts the gate of usb_gate.h into the runtime's way. The linker does it: CMakeLists.txt names the functions through which
// jacdac-c hands frames to and takes them from USB, network and Jacdac wire, and `--wrap` makes every other file call ours.
// Network and wire are shut altogether: a keyfob has neither.
//
// It fails closed. A runtime that is linked without these options does not link. One whose frames take another way than the
// functions named is found out by gate_prove(), and the services of this component then answer nobody.

/** Command of a probe, to a service of this component; services/hci.md and services/flashstore.md have none like it. */
#define GATE_PROBE_COMMAND 0xffu

/** Lets frames through from now on, as usb_gate.h says. Before it, none pass. */
void gate_open(void);

/** To be called every turn of the main loop: sends a probe along the way of the USB cable until the gate has caught one.
 *
 * @param index of a service of this component, where the probe ends up if there is no gate: call gate_breached() then */
void gate_prove(uint8_t index);

/** A probe got past. */
void gate_breached(void);

/** @return whether frames in both directions were seen to come through the gate, and none to get past */
bool gate_stands(void);
