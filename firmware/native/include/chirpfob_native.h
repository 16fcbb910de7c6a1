#pragma once

/**
 * Opens the gate between the device and its USB cable, starts the ESP32's radio, opens the log partition, and offers the
 * program the two Jacdac services of services/hci.md and services/flashstore.md. To be called once, in app_init_services()
 * of a DeviceScript runtime, from its main task. Before it nothing passes by USB in either direction.
 */
void chirpfob_native_init(void);
