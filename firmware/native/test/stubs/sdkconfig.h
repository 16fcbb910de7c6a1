#pragma once

// Test double: what ESP-IDF makes of sdkconfig.chirpfob and sdkconfig.sleep for an ESP32-C3 with a crystal.

#ifndef CONFIG_BT_ENABLED
#define CONFIG_BT_ENABLED 1
#endif
#define CONFIG_IDF_TARGET_ESP32C3 1
#define CONFIG_PM_ENABLE 1
#define CONFIG_BT_CTRL_MODEM_SLEEP CONFIG_BT_ENABLED
#define CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ 80
