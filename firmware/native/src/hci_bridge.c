#include "hci_bridge.h"

#include <string.h>

#include "bytes.h"

// Core specification vol 4 part A (H4) and part E (HCI).
#define H4_COMMAND 0x01u
#define H4_EVENT 0x04u
#define COMMAND_HEADER_BYTES 4u
#define EVENT_HEADER_BYTES 3u
#define OPCODE_RESET 0x0c03u
#define EVENT_COMMAND_COMPLETE 0x0eu
#define EVENT_COMMAND_STATUS 0x0fu
#define EVENT_LE_META 0x3eu

/** Advertising reports leave so many bytes of the queue to the answers of commands, without which nothing moves on. */
#define RESERVED_FOR_ANSWERS 512u

/** A controller that does not answer in this time is offered the next command all the same. */
#define ANSWER_MS 1000u

static size_t command_length(const uint8_t *bytes, size_t available) {
    if (available < COMMAND_HEADER_BYTES || bytes[0] != H4_COMMAND)
        return 0;
    size_t length = COMMAND_HEADER_BYTES + bytes[3];
    return length <= available ? length : 0;
}

void hci_bridge_init(struct hci_bridge *bridge, const struct hci_controller *controller) {
    bridge->controller = *controller;
    event_ring_init(&bridge->events);
    bridge->command_bytes = 0;
    bridge->credits = 1;
    bridge->sent_at_ms = 0;
    bridge->awaiting_answer = false;
    atomic_init(&bridge->dropped, 0);
    bridge->rejected = 0;
}

void hci_bridge_send(struct hci_bridge *bridge, const uint8_t *payload, size_t length) {
    while (length > 0) {
        size_t size = command_length(payload, length);
        if (size == 0) {
            bridge->rejected++;
            return;
        }
        if (get_u16(payload + 1) == OPCODE_RESET) {
            // A reset overtakes whatever waits: it is how the host gets out of a jam.
            bridge->command_bytes = 0;
            bridge->credits = 1;
        }
        if (bridge->command_bytes + size > HCI_COMMAND_QUEUE_BYTES) {
            bridge->rejected++;
            return;
        }
        memcpy(bridge->commands + bridge->command_bytes, payload, size);
        bridge->command_bytes += (uint32_t)size;
        payload += size;
        length -= size;
    }
}

void hci_bridge_receive(struct hci_bridge *bridge, const uint8_t *packet, size_t length) {
    bool whole = length >= EVENT_HEADER_BYTES && length <= HCI_PAYLOAD_BYTES && packet[0] == H4_EVENT &&
                 length == EVENT_HEADER_BYTES + packet[2];
    uint32_t reserve = whole && packet[1] == EVENT_LE_META ? RESERVED_FOR_ANSWERS : 0;
    if (!whole || !event_ring_push(&bridge->events, packet, (uint16_t)length, reserve))
        atomic_fetch_add_explicit(&bridge->dropped, 1, memory_order_relaxed);
}

static void take_credits(struct hci_bridge *bridge, const uint8_t *event, size_t length) {
    if (event[1] == EVENT_COMMAND_COMPLETE && length >= EVENT_HEADER_BYTES + 3)
        bridge->credits = event[3];
    else if (event[1] == EVENT_COMMAND_STATUS && length >= EVENT_HEADER_BYTES + 4)
        bridge->credits = event[4];
    else
        return;
    bridge->awaiting_answer = false;
}

static void send_what_may_go(struct hci_bridge *bridge, uint32_t now_ms) {
    if (bridge->awaiting_answer && bridge->credits == 0 && now_ms - bridge->sent_at_ms >= ANSWER_MS)
        bridge->credits = 1;
    while (bridge->command_bytes > 0 && bridge->credits > 0 &&
           bridge->controller.can_send(bridge->controller.context)) {
        size_t size = command_length(bridge->commands, bridge->command_bytes);
        bridge->controller.send(bridge->controller.context, bridge->commands, (uint16_t)size);
        bridge->command_bytes -= (uint32_t)size;
        memmove(bridge->commands, bridge->commands + size, bridge->command_bytes);
        bridge->credits--;
        bridge->sent_at_ms = now_ms;
        bridge->awaiting_answer = true;
    }
}

size_t hci_bridge_poll(struct hci_bridge *bridge, uint32_t now_ms, uint8_t *out) {
    size_t filled = 0;
    for (;;) {
        size_t length = event_ring_peek(&bridge->events);
        if (length == 0 || filled + length > HCI_PAYLOAD_BYTES)
            break;
        event_ring_pop(&bridge->events, out + filled);
        take_credits(bridge, out + filled, length);
        filled += length;
    }
    send_what_may_go(bridge, now_ms);
    return filled;
}
