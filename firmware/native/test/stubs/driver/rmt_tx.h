#pragma once

// Test double: the part of ESP-IDF's header that the component uses, by its documented signatures.

#include <stddef.h>

#include "esp_err.h"

typedef struct rmt_channel *rmt_channel_handle_t;
typedef struct rmt_encoder *rmt_encoder_handle_t;

typedef struct {
    int loop_count;
} rmt_transmit_config_t;

esp_err_t rmt_enable(rmt_channel_handle_t channel);
esp_err_t rmt_disable(rmt_channel_handle_t channel);
esp_err_t rmt_transmit(rmt_channel_handle_t tx_channel, rmt_encoder_handle_t encoder, const void *payload,
                       size_t payload_bytes, const rmt_transmit_config_t *config);
esp_err_t rmt_tx_wait_all_done(rmt_channel_handle_t tx_channel, int timeout_ms);
