#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The machine around the component: a VHCI controller, a partition, a Jacdac bus and a clock, all in memory.

#define FAKE_PARTITION_BYTES (16u * 4096u)

/** What the fakes do and have seen; fakes_reset() clears it. */
struct fakes {
    int64_t now_us;

    /** Controller: does not come up; is not ready for a packet; its NVS must be erased first. */
    bool radio_broken;
    bool vhci_busy;
    bool nvs_stale;
    /** Number of command packets that it allows with each answer; answers nothing while mute. */
    uint8_t ncmd;
    bool mute;
    /** Every packet that the component handed over, one after the other. */
    uint8_t sent[4096];
    size_t sent_bytes;
    unsigned sent_packets;
    unsigned sent_while_busy;

    /** Flash. */
    bool partition_missing;
    bool flash_broken;
    /** Cells that no longer take a program. */
    bool flash_worn;
    uint8_t cells[FAKE_PARTITION_BYTES];

    /** Bus: what the services sent, and whether its queue is full. */
    bool bus_full;
    unsigned reports;
    unsigned not_implemented;
    uint16_t last_command;
    uint8_t last[256];
    size_t last_bytes;
    /** Payloads of all `received` reports, one after the other. */
    uint8_t events[65536];
    size_t events_bytes;
};

extern struct fakes fakes;

void fakes_reset(void);

/** The controller hands `data` to the component; the memory is gone afterwards, as on the ESP32-C6. */
void fake_controller_says(const uint8_t *data, size_t length);

/** One turn of the main loop, 10 ms long. */
void fake_main_loop(void);

/** A Jacdac packet for the service of this class. @return whether there is such a service */
bool fake_packet(uint32_t service_class, uint16_t command, const uint8_t *data, size_t length);
