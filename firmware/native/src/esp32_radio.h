#pragma once

#include "hci_bridge.h"

/**
 * Starts the ESP32's Bluetooth LE controller and connects it to `bridge`, which must live as long as the program.
 *
 * @return whether the controller runs; the bridge is initialised in any case
 */
bool esp32_radio_start(struct hci_bridge *bridge);
