#include "fakes.h"

#include <stdlib.h>
#include <string.h>

#include "esp_bt.h"
#include "esp_partition.h"
#include "esp_timer.h"
#include "jd_protocol.h"
#include "nvs_flash.h"

#define SERVICES 2
#define SERVICE_CLASS_HCI 0x1c4fb001

struct fakes fakes;

static const esp_vhci_host_callback_t *host;
static struct {
    const srv_vt_t *vt;
    srv_t *state;
} services[SERVICES];
static unsigned service_count;

void fakes_reset(void) {
    for (unsigned i = 0; i < service_count; i++)
        free(services[i].state);
    service_count = 0;
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

// --- bus

srv_t *jd_allocate_service(const srv_vt_t *vt) {
    if (service_count == SERVICES)
        abort();
    srv_t *state = calloc(1, vt->state_size);
    // SRV_COMMON: the table, then the index.
    memcpy(state, &vt, sizeof vt);
    ((uint8_t *)state)[sizeof vt] = (uint8_t)(service_count + 1);
    services[service_count].vt = vt;
    services[service_count].state = state;
    service_count++;
    return state;
}

int jd_send(unsigned service_num, unsigned service_cmd, const void *data, unsigned service_size) {
    if (fakes.bus_full)
        return -1;
    if (service_size > 236 || service_num == 0 || service_num > service_count)
        abort();
    fakes.reports++;
    fakes.last_command = (uint16_t)service_cmd;
    fakes.last_bytes = service_size;
    memcpy(fakes.last, data, service_size);
    if (services[service_num - 1].vt->service_class == SERVICE_CLASS_HCI && service_cmd == 0x81 &&
        fakes.events_bytes + service_size <= sizeof fakes.events) {
        memcpy(fakes.events + fakes.events_bytes, data, service_size);
        fakes.events_bytes += service_size;
    }
    return 0;
}

int jd_respond_u32(jd_packet_t *pkt, uint32_t value) {
    return jd_send(pkt->service_index, pkt->service_command, &value, sizeof value);
}

void jd_send_not_implemented(jd_packet_t *pkt) {
    (void)pkt;
    fakes.not_implemented++;
}

void fake_main_loop(void) {
    for (unsigned i = 0; i < service_count; i++)
        services[i].vt->process(services[i].state);
    fakes.now_us += 10000;
}

bool fake_packet(uint32_t service_class, uint16_t command, const uint8_t *data, size_t length) {
    for (unsigned i = 0; i < service_count; i++)
        if (services[i].vt->service_class == service_class) {
            jd_packet_t pkt = {.service_size = (uint8_t)length,
                               .service_index = (uint8_t)(i + 1),
                               .service_command = command};
            if (length > 0)
                memcpy(pkt.data, data, length);
            services[i].vt->handle_pkt(services[i].state, &pkt);
            return true;
        }
    return false;
}
