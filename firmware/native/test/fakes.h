#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "jd_protocol.h"

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

    /** Bus: what the services reported to the program, and whether its queue is full. */
    bool bus_full;
    unsigned reports;
    unsigned not_implemented;
    uint16_t last_command;
    uint8_t last[256];
    size_t last_bytes;
    /** Payloads of all `received` reports, one after the other. */
    uint8_t events[8192];
    size_t events_bytes;
    /** Frames that the program's receive queue had no room for. */
    unsigned frames_lost;

    /** Frames of the computer that reached a service which is none of its business, or the program as a report. */
    unsigned intrusions;
    /** Commands of the computer that reached the services which it may use. */
    unsigned commands_served;
    /** Frames that the computer got, one after the other: each 12 bytes and its `size`. */
    uint8_t to_usb[8192];
    size_t to_usb_bytes;
    unsigned to_net;
    unsigned to_wire;
    /** A runtime whose USB driver hands frames on by another way than jd_send_frame_raw(). */
    bool usb_takes_a_side_door;
};

extern struct fakes fakes;

void fakes_reset(void);

/** The controller hands `data` to the component; the memory is gone afterwards, as on the ESP32-C6. */
void fake_controller_says(const uint8_t *data, size_t length);

/** Where things are on the fake device. */
#define FAKE_DEVICE_ID 0xfe02030405060708u
#define FAKE_PROGRAM_ID 0x1112131415161718u
enum fake_index { FAKE_CONTROL, FAKE_ROLES, FAKE_MANAGER, FAKE_DEBUGGER, FAKE_SETTINGS, FAKE_BUTTON, FAKE_HCI, FAKE_FLASH };
/** Nobody but the device itself may ever see this; settings, flash and radio are full of it. */
#define FAKE_SECRET "moriarty"

/** Fills the cells with it. */
void fake_secret_flash(void);

/** Makes the services that a runtime has before the component adds its own. */
void fake_runtime_start(void);

/** One turn of the main loop, 10 ms long. */
void fake_main_loop(void);

/** The program commands the service of this class, and waits for its report. @return whether there is such a service */
bool fake_packet(uint32_t service_class, uint16_t command, const void *data, size_t length);

/** Any frame of the program, with a crc or not. */
void fake_program_sends(jd_frame_t *frame);

/** A frame of the computer, framed and with its crc, up to where the device has handled it. */
void fake_usb_sends(jd_frame_t *frame);

/** Whatever bytes on the cable. */
void fake_usb_bytes(const uint8_t *bytes, size_t length);

// Between fake_jacdac.c and fake_usb.c.
void fake_frame_from_usb(jd_frame_t *frame, bool by_the_side_door);
void fake_usb_reset(void);
void fake_jacdac_reset(void);
