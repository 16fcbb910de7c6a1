#include "esp32_radio.h"

#include "esp_bt.h"
#include "nvs_flash.h"

static struct hci_bridge *receiver;

static bool can_send(void *context) {
    (void)context;
    return esp_vhci_host_check_send_available();
}

static void send(void *context, uint8_t *packet, uint16_t length) {
    (void)context;
    esp_vhci_host_send_packet(packet, length);
}

// Nothing to do: the main loop asks every 10 ms, and the ESP32-C6's controller never calls this (esp-idf issue 14655).
static void send_available(void) {}

static int received(uint8_t *data, uint16_t length) {
    hci_bridge_receive(receiver, data, length);
    return 0;
}

static bool init_nvs(void) {
    esp_err_t status = nvs_flash_init();
    if (status == ESP_ERR_NVS_NO_FREE_PAGES || status == ESP_ERR_NVS_NEW_VERSION_FOUND) {
        // Only the radio's calibration lives there; DeviceScript keeps its settings elsewhere.
        if (nvs_flash_erase() != ESP_OK)
            return false;
        status = nvs_flash_init();
    }
    return status == ESP_OK;
}

bool esp32_radio_start(struct hci_bridge *bridge) {
    static const esp_vhci_host_callback_t callbacks = {
        .notify_host_send_available = send_available,
        .notify_host_recv = received,
    };
    const struct hci_controller controller = {.can_send = can_send, .send = send, .context = NULL};
    esp_bt_controller_config_t config = BT_CONTROLLER_INIT_CONFIG_DEFAULT();
    hci_bridge_init(bridge, &controller);
    receiver = bridge;
    if (!init_nvs())
        return false;
    // Gives the RAM of classic Bluetooth back; fails harmlessly on chips that never had it.
    (void)esp_bt_controller_mem_release(ESP_BT_MODE_CLASSIC_BT);
    return esp_bt_controller_init(&config) == ESP_OK && esp_bt_controller_enable(ESP_BT_MODE_BLE) == ESP_OK &&
           esp_vhci_host_register_callback(&callbacks) == ESP_OK;
}
