#pragma once

// Test double: the part of ESP-IDF's header that the component uses, by its documented signatures.

typedef int esp_err_t;

#define ESP_OK 0
#define ESP_FAIL (-1)
