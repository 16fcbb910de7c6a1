#pragma once

#include "hci_bridge.h"

/**
 * Starts the ESP32's Bluetooth LE controller and connects it to `bridge`, which must live as long as the program.
 *
 * @return whether the controller runs; the bridge is initialised in any case
 */
bool esp32_radio_start(struct hci_bridge *bridge);

/** @return whether the controller took the main crystal as its sleep clock against what it was told: the chip hardly sleeps then */
bool esp32_radio_keeps_crystal_on(void);
