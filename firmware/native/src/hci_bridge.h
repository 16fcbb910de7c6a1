#pragma once

#include "event_ring.h"

/** Most H4 bytes in one `send` or `received` of services/hci.md. */
#define HCI_PAYLOAD_BYTES 232u

/** Commands that wait for the controller, in bytes. */
#define HCI_COMMAND_QUEUE_BYTES 1024u

/** The controller behind the bridge. */
struct hci_controller {
    /** Whether a packet may be handed over now. Always true on the ESP32-C6 and its like. */
    bool (*can_send)(void *context);
    /** Hands over a whole H4 packet; the bytes may be reused afterwards. */
    void (*send)(void *context, uint8_t *packet, uint16_t length);
    void *context;
};

/**
 * The HCI service without Jacdac: a queue of commands, paced by Num_HCI_Command_Packets, and a queue of events. All but
 * hci_bridge_receive() belongs to the main task.
 */
struct hci_bridge {
    struct hci_controller controller;
    struct event_ring events;
    uint8_t commands[HCI_COMMAND_QUEUE_BYTES];
    uint32_t command_bytes;
    uint32_t credits;
    uint32_t sent_at_ms;
    bool awaiting_answer;
    /** Registers of the service. */
    atomic_uint_least32_t dropped;
    uint32_t rejected;
};

void hci_bridge_init(struct hci_bridge *bridge, const struct hci_controller *controller);

/**
 * The payload of a `send`: queues its commands. The first that is not a whole H4 command, or finds the queue full, ends it
 * and counts in `rejected`.
 */
void hci_bridge_send(struct hci_bridge *bridge, const uint8_t *payload, size_t length);

/**
 * A packet from the controller, in whatever task that runs; it is copied before this returns. Anything but a whole event
 * of at most HCI_PAYLOAD_BYTES counts in `dropped`.
 */
void hci_bridge_receive(struct hci_bridge *bridge, const uint8_t *packet, size_t length);

/**
 * Moves the queues on: sends the commands that may go, and fills `out` (HCI_PAYLOAD_BYTES) with whole events for one
 * `received` report.
 *
 * @return bytes in `out`, 0 if there is nothing to report
 */
size_t hci_bridge_poll(struct hci_bridge *bridge, uint32_t now_ms, uint8_t *out);
