#pragma once

// Test double: the part of ESP-IDF's header that the component uses, by its documented signatures.

#include "esp_err.h"

typedef int gpio_num_t;
typedef enum { GPIO_INTR_LOW_LEVEL = 4, GPIO_INTR_HIGH_LEVEL = 5 } gpio_int_type_t;

esp_err_t gpio_wakeup_enable(gpio_num_t gpio_num, gpio_int_type_t intr_type);
esp_err_t gpio_sleep_sel_dis(gpio_num_t gpio_num);
