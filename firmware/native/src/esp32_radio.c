#include "esp32_radio.h"

#include "esp_bt.h"
#include "nvs_flash.h"
#include "sdkconfig.h"
#include "slow_clock.h"

/** The runtime has it, in a header of its main folder: posts a turn of the main loop, from any task. */
void jdesp_wake_main(void);

static struct hci_bridge *receiver;

static bool can_send(void *context) {
    (void)context;
    return esp_vhci_host_check_send_available();
}

static void send(void *context, uint8_t *packet, uint16_t length) {
    (void)context;
    esp_vhci_host_send_packet(packet, length);
}

// The ESP32-C6's controller never calls this (esp-idf issue 14655): the main loop asks by itself while commands wait.
static void send_available(void) {
    jdesp_wake_main();
}

static int received(uint8_t *data, uint16_t length) {
    hci_bridge_receive(receiver, data, length);
    jdesp_wake_main();
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
#if CONFIG_BT_CTRL_MODEM_SLEEP
    // Without a 32 kHz crystal the RC does for advertising and scanning. The main crystal would take 2 mA, day and night.
    config.sleep_clock = slow_clock_source() == SLOW_CLOCK_RC ? ESP_BT_SLEEP_CLOCK_RTC_SLOW : ESP_BT_SLEEP_CLOCK_EXT_32K_XTAL;
#endif
    hci_bridge_init(bridge, &controller);
    receiver = bridge;
    if (!init_nvs())
        return false;
    // Gives the RAM of classic Bluetooth back; fails harmlessly on chips that never had it.
    (void)esp_bt_controller_mem_release(ESP_BT_MODE_CLASSIC_BT);
    return esp_bt_controller_init(&config) == ESP_OK && esp_bt_controller_enable(ESP_BT_MODE_BLE) == ESP_OK &&
           esp_vhci_host_register_callback(&callbacks) == ESP_OK;
}

#if CONFIG_BT_CTRL_MODEM_SLEEP
bool esp32_radio_keeps_crystal_on(void) {
    return esp_bt_get_lpclk_src() == ESP_BT_SLEEP_CLOCK_MAIN_XTAL;
}
#endif
