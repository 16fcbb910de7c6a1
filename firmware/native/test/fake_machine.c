// The chip and ESP-IDF around the component: timers, power management, pins, the light's RMT, the slow clock; and those
// functions of the runtime that the linker wraps. Who calls them is in other files, as in the real runtime.

#include <stdlib.h>
#include <string.h>

#include "driver/gpio.h"
#include "driver/rmt_tx.h"
#include "esp_pm.h"
#include "esp_sleep.h"
#include "fake_machine.h"
#include "services/interfaces/jd_flash.h"
#include "services/interfaces/jd_pins.h"
#include "soc/rtc.h"
#include "soc/usb_serial_jtag_struct.h"

#define MOST_TIMERS 8u
#define XTAL_MHZ 40u
#define PERIOD_BITS 19

volatile usb_serial_jtag_dev_t USB_SERIAL_JTAG;

struct esp_timer {
    esp_timer_create_args_t args;
    bool is_armed;
    int64_t due_us;
    int64_t period_us;
};

static struct esp_timer timers[MOST_TIMERS];
static unsigned timer_count;

struct esp_pm_lock {
    int *held;
};

static struct esp_pm_lock locks[] = {{&fakes.no_sleep_locks}, {&fakes.full_speed_locks}};

void fake_machine_reset(void) {
    memset(timers, 0, sizeof timers);
    timer_count = 0;
    USB_SERIAL_JTAG.fram_num.sof_frame_index = 0;
    fake_loop_reset();
}

// --- timers

int64_t esp_timer_get_time(void) {
    return fakes.now_us;
}

esp_err_t fake_timer_create(const esp_timer_create_args_t *args, esp_timer_handle_t *handle) {
    if (timer_count == MOST_TIMERS)
        return ESP_FAIL;
    *handle = &timers[timer_count++];
    (*handle)->args = *args;
    return ESP_OK;
}

esp_err_t esp_timer_create(const esp_timer_create_args_t *args, esp_timer_handle_t *handle) {
    return fake_timer_create(args, handle);
}

static esp_err_t arm(esp_timer_handle_t timer, uint64_t after_us, int64_t period_us) {
    if (timer == NULL || timer->is_armed)
        return ESP_FAIL;
    timer->is_armed = true;
    timer->due_us = fakes.now_us + (int64_t)after_us;
    timer->period_us = period_us;
    return ESP_OK;
}

esp_err_t esp_timer_start_once(esp_timer_handle_t timer, uint64_t timeout_us) {
    return arm(timer, timeout_us, 0);
}

esp_err_t esp_timer_start_periodic(esp_timer_handle_t timer, uint64_t period_us) {
    return arm(timer, period_us, (int64_t)period_us);
}

esp_err_t esp_timer_stop(esp_timer_handle_t timer) {
    if (timer == NULL || !timer->is_armed)
        return ESP_FAIL;
    timer->is_armed = false;
    return ESP_OK;
}

int64_t fake_next_timer_us(bool that_wakes) {
    int64_t next_us = INT64_MAX;
    for (unsigned i = 0; i < timer_count; i++)
        if (timers[i].is_armed && !(that_wakes && timers[i].args.skip_unhandled_events) && timers[i].due_us < next_us)
            next_us = timers[i].due_us;
    return next_us;
}

void fake_fire_timers(void) {
    for (unsigned i = 0; i < timer_count; i++) {
        struct esp_timer *timer = &timers[i];
        if (!timer->is_armed || timer->due_us > fakes.now_us)
            continue;
        timer->is_armed = timer->period_us > 0;
        while (timer->is_armed && timer->due_us <= fakes.now_us)
            timer->due_us += timer->period_us;
        timer->args.callback(timer->args.arg);
    }
}

// --- power management

esp_err_t esp_pm_configure(const void *config) {
    const esp_pm_config_esp32c3_t *wanted = config;
    fakes.light_sleep_enabled = wanted->light_sleep_enable;
    return wanted->max_freq_mhz == 80 && wanted->min_freq_mhz == 40 ? ESP_OK : ESP_FAIL;
}

esp_err_t esp_pm_lock_create(esp_pm_lock_type_t type, int arg, const char *name, esp_pm_lock_handle_t *handle) {
    (void)arg;
    (void)name;
    if (fakes.no_locks)
        return ESP_FAIL;
    *handle = &locks[type == ESP_PM_NO_LIGHT_SLEEP ? 0 : 1];
    return ESP_OK;
}

esp_err_t esp_pm_lock_acquire(esp_pm_lock_handle_t handle) {
    ++*handle->held;
    return ESP_OK;
}

esp_err_t esp_pm_lock_release(esp_pm_lock_handle_t handle) {
    if (--*handle->held < 0)
        abort();
    return ESP_OK;
}

esp_err_t esp_sleep_enable_gpio_wakeup(void) {
    fakes.gpio_wakes = true;
    return ESP_OK;
}

// --- pins

int pin_get(int pin) {
    return fakes.pins[pin];
}

void pin_setup_input(int pin, int pull) {
    (void)pull;
    if (pin != NO_PIN)
        fakes.pin_stays[pin] = false;
}

void pin_setup_output(int pin) {
    if (pin != NO_PIN)
        fakes.pin_stays[pin] = false;
}

esp_err_t gpio_sleep_sel_dis(gpio_num_t gpio_num) {
    fakes.pin_stays[gpio_num] = true;
    return ESP_OK;
}

esp_err_t gpio_wakeup_enable(gpio_num_t gpio_num, gpio_int_type_t intr_type) {
    fakes.pin_stays[gpio_num] = fakes.pin_wakes[gpio_num] = true;
    fakes.wakes_at[gpio_num] = intr_type == GPIO_INTR_HIGH_LEVEL;
    return ESP_OK;
}

// --- the light's RMT

esp_err_t rmt_enable(rmt_channel_handle_t channel) {
    (void)channel;
    if (fakes.rmt_enabled++ > 0)
        abort();
    fakes.no_sleep_locks++;
    return ESP_OK;
}

esp_err_t rmt_disable(rmt_channel_handle_t channel) {
    (void)channel;
    if (--fakes.rmt_enabled < 0)
        abort();
    fakes.no_sleep_locks--;
    return ESP_OK;
}

esp_err_t rmt_transmit(rmt_channel_handle_t tx_channel, rmt_encoder_handle_t encoder, const void *payload,
                       size_t payload_bytes, const rmt_transmit_config_t *config) {
    (void)tx_channel;
    (void)encoder;
    (void)config;
    if (fakes.rmt_enabled != 1 || payload == NULL || payload_bytes == 0)
        abort();
    fakes.rmt_sent++;
    return fakes.rmt_fails ? ESP_FAIL : ESP_OK;
}

esp_err_t rmt_tx_wait_all_done(rmt_channel_handle_t tx_channel, int timeout_ms) {
    (void)tx_channel;
    return fakes.rmt_enabled == 1 && timeout_ms > 0 ? ESP_OK : ESP_FAIL;
}

// --- the slow clock

soc_rtc_slow_clk_src_t rtc_clk_slow_src_get(void) {
    return fakes.crystal ? SOC_RTC_SLOW_CLK_SRC_XTAL32K : SOC_RTC_SLOW_CLK_SRC_RC_SLOW;
}

/** Counts whole cycles of the main crystal, as the chip does. */
uint32_t rtc_clk_cal(rtc_cal_sel_t cal_clk, uint32_t slow_clk_cycles) {
    fakes.calibrations++;
    fakes.calibrated_cycles += slow_clk_cycles;
    if (cal_clk != RTC_CAL_RTC_MUX || (fakes.calibration_fails && slow_clk_cycles > 100))
        return 0;
    uint64_t counted = (uint64_t)slow_clk_cycles * fakes.slow_period * XTAL_MHZ >> PERIOD_BITS;
    return (uint32_t)((counted << PERIOD_BITS) / ((uint64_t)slow_clk_cycles * XTAL_MHZ));
}

// --- the runtime

void jd_tcpsock_init(void) {
    fakes.socket_tasks++;
}

void jd_tcpsock_process(void) {
    fakes.socket_tasks++;
}

int jd_tcpsock_new(const char *hostname, int port) {
    (void)hostname;
    (void)port;
    fakes.socket_tasks++;
    return 0;
}

unsigned fake_max_sleep(devs_ctx_t *ctx) {
    (void)ctx;
    return 100000;
}

unsigned devs_fiber_get_max_sleep(devs_ctx_t *ctx) {
    return fake_max_sleep(ctx);
}

const void *jd_settings_get_large(const char *key, unsigned *sizep) {
    // devsmgr_program_header_t: magic0, size, magic1, hash, 28 reserved words, then the program.
    static const uint32_t program[64] = {0x8d8abd53, 128, 0xb27c4b2b};
    static const uint32_t half_written[64] = {0x8d8abd53, 128, 0xffffffff};
    if (strcmp(key, "*prog") != 0 || fakes.flash_has_no_program)
        return NULL;
    *sizep = sizeof program;
    return fakes.program_is_half_written ? half_written : program;
}
