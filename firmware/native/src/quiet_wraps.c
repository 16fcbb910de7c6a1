// Parts of the runtime that would keep the chip awake, or go wrong while it sleeps.

#include <stdbool.h>
#include <stddef.h>

#include "driver/gpio.h"
#include "driver/rmt_tx.h"
#include "light_sleep.h"
#include "services/interfaces/jd_pins.h"

/** An addressable light takes 30 us a colour; a strip of 100 of them 3 ms. */
#define RMT_DONE_MS 100

void __wrap_jd_tcpsock_init(void);
void __wrap_jd_tcpsock_process(void);
int __wrap_jd_tcpsock_new(const char *host, int port);
esp_err_t __real_rmt_enable(rmt_channel_handle_t channel);
esp_err_t __wrap_rmt_enable(rmt_channel_handle_t channel);
esp_err_t __real_rmt_disable(rmt_channel_handle_t channel);
esp_err_t __wrap_rmt_disable(rmt_channel_handle_t channel);
esp_err_t __real_rmt_transmit(rmt_channel_handle_t channel, rmt_encoder_handle_t encoder, const void *data, size_t bytes,
                              const rmt_transmit_config_t *config);
esp_err_t __wrap_rmt_transmit(rmt_channel_handle_t channel, rmt_encoder_handle_t encoder, const void *data,
                              size_t bytes, const rmt_transmit_config_t *config);
void __real_pin_setup_output(int pin);
void __wrap_pin_setup_output(int pin);

/** Starts no task: the runtime's polls its sockets five times a second, and a keyfob has none. */
void __wrap_jd_tcpsock_init(void) {
    light_sleep_reached(SLEEP_NEEDS_SOCKETS);
}

void __wrap_jd_tcpsock_process(void) {}

int __wrap_jd_tcpsock_new(const char *host, int port) {
    (void)host;
    (void)port;
    return -1;
}

// A channel that is enabled forbids sleep, and the runtime leaves that of the status light enabled. So it is enabled for as
// long as it sends, and the runtime's own enabling and disabling does nothing.

esp_err_t __wrap_rmt_enable(rmt_channel_handle_t channel) {
    (void)channel;
    return ESP_OK;
}

esp_err_t __wrap_rmt_disable(rmt_channel_handle_t channel) {
    (void)channel;
    return ESP_OK;
}

esp_err_t __wrap_rmt_transmit(rmt_channel_handle_t channel, rmt_encoder_handle_t encoder, const void *data,
                              size_t bytes, const rmt_transmit_config_t *config) {
    esp_err_t status = __real_rmt_enable(channel);
    if (status != ESP_OK)
        return status;
    status = __real_rmt_transmit(channel, encoder, data, bytes, config);
    if (status == ESP_OK)
        status = rmt_tx_wait_all_done(channel, RMT_DONE_MS);
    esp_err_t ended = __real_rmt_disable(channel);
    return status != ESP_OK ? status : ended;
}

/** ESP32-C3 and S3 let all pins float while asleep (ESP_SLEEP_GPIO_RESET_WORKAROUND): lights and chip selects must not. */
void __wrap_pin_setup_output(int pin) {
    __real_pin_setup_output(pin);
    if ((unsigned char)pin != NO_PIN)
        (void)gpio_sleep_sel_dis((gpio_num_t)pin);
}
