#pragma once

// Test double: the part of DeviceScript's interface that the component uses.

#include <stdint.h>

/** Identifier of the second device, which carries the services of the program. */
uint64_t devs_jd_server_device_id(void);
