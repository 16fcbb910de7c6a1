#pragma once

// Test double: what ESP-IDF makes of sdkconfig.chirpfob.

#ifndef CONFIG_BT_ENABLED
#define CONFIG_BT_ENABLED 1
#endif
