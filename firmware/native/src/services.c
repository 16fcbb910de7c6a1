// The two Jacdac services, as jacdac-c knows services: a state, a process function that the main loop calls, and a packet
// handler. Both run in the main task.

#include "chirpfob_native.h"

#include "esp32_partition.h"
#include "esp32_radio.h"
#include "esp_timer.h"
#include "gate_wraps.h"
#include "jd_protocol.h"
#include "sdkconfig.h"

#define SERVICE_CLASS_HCI 0x1c4fb001
#define SERVICE_CLASS_FLASH_STORE 0x1c4fb002

#define HCI_CMD_SEND 0x80
#define HCI_REPORT_RECEIVED 0x81
#define HCI_REG_DROPPED 0x180
#define HCI_REG_REJECTED 0x181
#define FLASH_REG_SIZE 0x180

/** A register is read with this bit set in the command (Jacdac protocol, "Registers"). */
#define GET(reg) (0x1000 | (reg))

/** Reports that one turn adds to the program's receive queue (2,048 bytes), while it waits to be read and otherwise. */
#define REPORTS_WHILE_WAITING 1u
#define REPORTS_A_TURN 4u

static struct hci_bridge bridge;
static struct flash_cells cells;

struct srv_state {
    SRV_COMMON;
    /** A report that the transmit queue had no room for; sent again at the next turn. */
    uint8_t pending[HCI_PAYLOAD_BYTES];
    uint8_t pending_bytes;
};

/** @return whether to answer; anybody but this device's own program is the gate's to stop */
static bool is_served(const jd_packet_t *pkt) {
    if (pkt->service_command == GATE_PROBE_COMMAND)
        gate_breached();
    return gate_stands();
}

void chirpfob_hci_process(srv_t *state) {
    gate_prove(state->service_index);
    if (!gate_stands())
        return;
    unsigned reports = jd_rx_has_frame() ? REPORTS_WHILE_WAITING : REPORTS_A_TURN;
    while (reports-- > 0) {
        if (state->pending_bytes == 0)
            state->pending_bytes =
                (uint8_t)hci_bridge_poll(&bridge, (uint32_t)(esp_timer_get_time() / 1000), state->pending);
        if (state->pending_bytes == 0)
            return;
        if (jd_send(state->service_index, HCI_REPORT_RECEIVED, state->pending, state->pending_bytes) != 0)
            return;
        state->pending_bytes = 0;
    }
}

void chirpfob_hci_handle_packet(srv_t *state, jd_packet_t *pkt) {
    (void)state;
    if (!is_served(pkt))
        return;
    switch (pkt->service_command) {
    case HCI_CMD_SEND:
        hci_bridge_send(&bridge, pkt->data, pkt->service_size);
        break;
    case GET(HCI_REG_DROPPED):
        jd_respond_u32(pkt, atomic_load(&bridge.dropped));
        break;
    case GET(HCI_REG_REJECTED):
        jd_respond_u32(pkt, bridge.rejected);
        break;
    default:
        jd_send_not_implemented(pkt);
    }
}

void chirpfob_flash_process(srv_t *state) {
    gate_prove(state->service_index);
}

void chirpfob_flash_handle_packet(srv_t *state, jd_packet_t *pkt) {
    if (!is_served(pkt))
        return;
    if (pkt->service_command == GET(FLASH_REG_SIZE)) {
        jd_respond_u32(pkt, cells.size);
        return;
    }
    uint8_t report[FLASH_REPORT_BYTES];
    size_t length = flash_bridge_handle(&cells, pkt->service_command, pkt->data, pkt->service_size, report);
    // A report that finds the transmit queue full is lost; the client asks again (services/flashstore.md).
    if (length > 0)
        (void)jd_send(state->service_index, pkt->service_command, report, (unsigned)length);
    else
        jd_send_not_implemented(pkt);
}

SRV_DEF(chirpfob_hci, SERVICE_CLASS_HCI);
SRV_DEF(chirpfob_flash, SERVICE_CLASS_FLASH_STORE);

static void announce_hci(void) {
    SRV_ALLOC(chirpfob_hci);
    state->pending_bytes = 0;
}

static void announce_flash(void) {
    SRV_ALLOC(chirpfob_flash);
}

void chirpfob_native_init(void) {
    gate_open();
#if CONFIG_BT_ENABLED
    // A radio that does not start is announced all the same: its silence is what the firmware reports to the wearer.
    (void)esp32_radio_start(&bridge);
    announce_hci();
#endif
    if (esp32_partition_open(&cells))
        announce_flash();
}
