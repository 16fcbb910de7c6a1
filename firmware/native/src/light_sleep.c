#include "light_sleep.h"

#include <stdatomic.h>
#include <stddef.h>

#include "esp_attr.h"
#include "esp_pm.h"
#include "esp_sleep.h"
#include "esp_timer.h"
#include "sdkconfig.h"

/** The crystal's; below it nothing is gained. */
#define LOWEST_MHZ 40

#if CONFIG_IDF_TARGET_ESP32C3
typedef esp_pm_config_esp32c3_t pm_config;
#elif CONFIG_IDF_TARGET_ESP32S3
typedef esp_pm_config_esp32s3_t pm_config;
#elif CONFIG_IDF_TARGET_ESP32S2
typedef esp_pm_config_esp32s2_t pm_config;
#else
#error "Light sleep is for ESP32-C3, ESP32-S3 and ESP32-S2: leave sdkconfig.sleep out"
#endif

esp_err_t __real_esp_light_sleep_start(void);
esp_err_t __wrap_esp_light_sleep_start(void);

static esp_pm_lock_handle_t no_sleep;
/** USB needs the clock that frequency scaling switches off. */
static esp_pm_lock_handle_t no_scaling;
static bool is_on;
static bool are_held;
static atomic_uint reached;
static atomic_bool failed;
// Written by the idle task, which never runs while the main task reads.
static uint32_t sleeps;
static uint64_t asleep_us;

void light_sleep_start(void) {
    const pm_config config = {
        .max_freq_mhz = CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ, .min_freq_mhz = LOWEST_MHZ, .light_sleep_enable = true};
    sleeps = 0;
    asleep_us = 0;
    is_on = false;
    if (esp_pm_lock_create(ESP_PM_NO_LIGHT_SLEEP, 0, "chirpfob", &no_sleep) != ESP_OK ||
        esp_pm_lock_create(ESP_PM_APB_FREQ_MAX, 0, "chirpfob", &no_scaling) != ESP_OK ||
        esp_pm_lock_acquire(no_sleep) != ESP_OK || esp_pm_lock_acquire(no_scaling) != ESP_OK)
        return;
    are_held = true;
    is_on = esp_pm_configure(&config) == ESP_OK;
}

void light_sleep_reached(enum sleep_need need) {
    atomic_fetch_or(&reached, (unsigned)need);
}

void light_sleep_failed(void) {
    atomic_store(&failed, true);
}

void light_sleep_allow(bool is_allowed) {
    if (!is_on)
        return;
    bool must_hold = !is_allowed || atomic_load(&reached) != SLEEP_NEEDS_ALL || atomic_load(&failed);
    if (must_hold == are_held)
        return;
    are_held = must_hold;
    if (must_hold) {
        (void)esp_pm_lock_acquire(no_sleep);
        (void)esp_pm_lock_acquire(no_scaling);
    } else {
        (void)esp_pm_lock_release(no_scaling);
        (void)esp_pm_lock_release(no_sleep);
    }
}

uint32_t light_sleep_count(void) {
    return sleeps;
}

uint32_t light_sleep_ms(void) {
    return (uint32_t)(asleep_us / 1000);
}

/** ESP-IDF 5.0 tells nobody of its sleeps. It corrects esp_timer from the slow clock before this returns. */
IRAM_ATTR esp_err_t __wrap_esp_light_sleep_start(void) {
    int64_t began_us = esp_timer_get_time();
    esp_err_t status = __real_esp_light_sleep_start();
    if (status == ESP_OK) {
        sleeps++;
        asleep_us += (uint64_t)(esp_timer_get_time() - began_us);
    }
    return status;
}
