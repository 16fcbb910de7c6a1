#include "fakes.h"

#include <stdlib.h>
#include <string.h>

#include "esp_bt.h"
#include "esp_partition.h"
#include "esp_timer.h"
#include "nvs_flash.h"

struct fakes fakes;

static const esp_vhci_host_callback_t *host;
void fakes_reset(void) {
    fake_jacdac_reset();
    fake_usb_reset();
    host = NULL;
    memset(&fakes, 0, sizeof fakes);
    memset(fakes.cells, 0xff, sizeof fakes.cells);
    fakes.ncmd = 1;
}

int64_t esp_timer_get_time(void) {
    return fakes.now_us;
}

// --- controller

esp_err_t nvs_flash_init(void) {
    return fakes.nvs_stale ? ESP_ERR_NVS_NEW_VERSION_FOUND : ESP_OK;
}

esp_err_t nvs_flash_erase(void) {
    fakes.nvs_stale = false;
    return ESP_OK;
}

esp_err_t esp_bt_controller_mem_release(esp_bt_mode_t mode) {
    return mode == ESP_BT_MODE_CLASSIC_BT ? ESP_OK : ESP_FAIL;
}

esp_err_t esp_bt_controller_init(esp_bt_controller_config_t *config) {
    return config->magic != 0 && !fakes.radio_broken ? ESP_OK : ESP_FAIL;
}

esp_err_t esp_bt_controller_enable(esp_bt_mode_t mode) {
    return mode == ESP_BT_MODE_BLE ? ESP_OK : ESP_FAIL;
}

esp_err_t esp_vhci_host_register_callback(const esp_vhci_host_callback_t *callback) {
    host = callback;
    return ESP_OK;
}

bool esp_vhci_host_check_send_available(void) {
    return !fakes.vhci_busy;
}

void esp_vhci_host_send_packet(uint8_t *data, uint16_t len) {
    if (fakes.vhci_busy)
        fakes.sent_while_busy++;
    fakes.sent_packets++;
    if (fakes.sent_bytes + len <= sizeof fakes.sent) {
        memcpy(fakes.sent + fakes.sent_bytes, data, len);
        fakes.sent_bytes += len;
    }
    if (!fakes.mute) {
        const uint8_t answer[] = {0x04, 0x0e, 0x04, fakes.ncmd, data[1], data[2], 0x00};
        fake_controller_says(answer, sizeof answer);
    }
}

void fake_controller_says(const uint8_t *data, size_t length) {
    if (host == NULL)
        return;
    // In a buffer of exactly its size, which is gone after the callback: the sanitizers see any byte read beyond or later.
    uint8_t *copy = malloc(length > 0 ? length : 1);
    if (length > 0)
        memcpy(copy, data, length);
    host->notify_host_recv(copy, (uint16_t)length);
    free(copy);
}

// --- flash

static const esp_partition_t partition = {.address = 0x200000, .size = FAKE_PARTITION_BYTES, .label = "chirplog"};

const esp_partition_t *esp_partition_find_first(esp_partition_type_t type, esp_partition_subtype_t subtype,
                                                const char *label) {
    bool wanted = type == ESP_PARTITION_TYPE_DATA && (int)subtype == 0x40 && strcmp(label, partition.label) == 0;
    return wanted && !fakes.partition_missing ? &partition : NULL;
}

void fake_secret_flash(void) {
    const size_t bytes = sizeof FAKE_SECRET - 1;
    for (size_t at = 0; at + bytes <= sizeof fakes.cells; at += bytes)
        memcpy(fakes.cells + at, FAKE_SECRET, bytes);
}

static bool flash_refuses(size_t offset, size_t size) {
    if (offset > FAKE_PARTITION_BYTES || size > FAKE_PARTITION_BYTES - offset)
        abort();
    return fakes.flash_broken;
}

esp_err_t esp_partition_read(const esp_partition_t *p, size_t offset, void *out, size_t size) {
    if (p != &partition || flash_refuses(offset, size))
        return ESP_FAIL;
    memcpy(out, fakes.cells + offset, size);
    return ESP_OK;
}

esp_err_t esp_partition_write(const esp_partition_t *p, size_t offset, const void *data, size_t size) {
    if (p != &partition || flash_refuses(offset, size))
        return ESP_FAIL;
    for (size_t i = 0; i < size && !fakes.flash_worn; i++)
        fakes.cells[offset + i] &= ((const uint8_t *)data)[i];
    return ESP_OK;
}

esp_err_t esp_partition_erase_range(const esp_partition_t *p, size_t offset, size_t size) {
    if (p != &partition || flash_refuses(offset, size) || offset % 4096 != 0 || size % 4096 != 0)
        return ESP_FAIL;
    memset(fakes.cells + offset, 0xff, size);
    return ESP_OK;
}
