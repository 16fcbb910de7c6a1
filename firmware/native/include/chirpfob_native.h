#pragma once

/**
 * Starts the ESP32's radio, opens the log partition and announces the two Jacdac services of services/hci.md and
 * services/flashstore.md. To be called once, in app_init_services() of a DeviceScript runtime, from its main task.
 */
void chirpfob_native_init(void);
