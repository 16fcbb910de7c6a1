#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devs_internal.h"
#include "esp_timer.h"
#include "jd_protocol.h"

// The machine around the component: a VHCI controller, a partition, a Jacdac bus and a clock, all in memory.

#define FAKE_PARTITION_BYTES (16u * 4096u)
#define FAKE_PINS 32u
#define FAKE_BUTTON_PIN 9
#define FAKE_FIBERS 4u

/** A fiber of the program that runs every so many milliseconds; none if 0. */
struct fake_fiber {
    devs_fiber_t fiber;
    uint32_t every_ms;
    unsigned runs;
    int64_t latest_us;
};

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

    /** Chip: the level of each pin; a pin that keeps its level while asleep; a pin whose level wakes (0 low, 1 high). */
    bool pins[FAKE_PINS];
    bool pin_stays[FAKE_PINS];
    bool pin_wakes[FAKE_PINS];
    bool wakes_at[FAKE_PINS];
    bool gpio_wakes;
    /** A 32 kHz crystal swings; the controller takes the main crystal whatever it is told. */
    bool crystal;
    bool controller_keeps_crystal_on;
    uint8_t controller_clock;
    /** Microseconds of the slow clock's cycle, 19 binary places; measured over how many cycles, how often. */
    uint32_t slow_period;
    unsigned calibrations;
    unsigned calibrated_cycles;
    bool calibration_fails;
    /** Sleep: locks held, power management configured, and what refuses. */
    int no_sleep_locks;
    int full_speed_locks;
    bool light_sleep_enabled;
    bool no_locks;
    bool sleep_refused;
    /** Light of the RMT: channels enabled now, frames sent while enabled. */
    int rmt_enabled;
    unsigned rmt_sent;
    bool rmt_fails;
    /** The program: its fibers; none if `has_no_program`; none of them runs if `is_halted`. */
    struct fake_fiber fibers[FAKE_FIBERS];
    bool is_halted;
    bool has_no_program;
    bool flash_has_no_program;
    bool program_is_half_written;
    /** How long a turn takes; what the runtime's memory holds where it forgets to write. */
    int64_t turn_us;
    uint8_t garbage;
    /** How far the device's clock is wrong by what the slow clock was thought to be. */
    double clock_error_us;
    /** Bits of enum fake_detour: calls of a runtime that reach their function by another way than the linker's. */
    unsigned detours;
    /** Turns asked for. */
    unsigned wakes;
    unsigned socket_tasks;
    bool wifi_started;
    /** When the timer of the runtime's own callbacks last fired. */
    int64_t called_back_us;
};

enum fake_detour { DETOUR_TICK = 1, DETOUR_JACDAC_TICK = 2, DETOUR_FIBERS = 4, DETOUR_SOCKETS = 8 };

extern struct fakes fakes;

void fakes_reset(void);

/** The controller hands `data` to the component; the memory is gone afterwards, as on the ESP32-C6. */
void fake_controller_says(const uint8_t *data, size_t length);

/** Where things are on the fake device. */
#define FAKE_DEVICE_ID 0xfe02030405060708u
#define FAKE_PROGRAM_ID 0x1112131415161718u
enum fake_index { FAKE_CONTROL, FAKE_ROLES, FAKE_MANAGER, FAKE_DEBUGGER, FAKE_SETTINGS, FAKE_BUTTON, FAKE_HCI, FAKE_FLASH, FAKE_SLEEP };
/** Nobody but the device itself may ever see this; settings, flash and radio are full of it. */
#define FAKE_SECRET "moriarty"

/** Fills the cells with it. */
void fake_secret_flash(void);

/** Makes the timers and services that a runtime has before the component adds its own. */
void fake_runtime_start(void);

/** What a runtime does after the component has started, before its first turn. */
void fake_runtime_started(void);

/** Starts the timer of the runtime's own callbacks. */
void fake_runtime_calls_back_at(int64_t us);

/** Lets a runtime with power management run until `us`: turns when they are due, sleep as ESP-IDF would. */
void fake_run_until(int64_t us);

/** How long the chip was asleep, and what it did, in the fake's own books. */
struct fake_books {
    int64_t asleep_us;
    unsigned sleeps;
    unsigned turns;
    /** Longest time between two turns. */
    int64_t longest_us;
};
extern struct fake_books fake_books;

/** The computer on the cable sends starts of frame. */
void fake_usb_is_alive(bool is_alive);

/** At that time the cable is plugged in: a chip that sleeps then does not answer, and the computer gives up. */
void fake_cable_will_come(int64_t us);

/** The controller says this at that time, whether the chip sleeps or not. */
void fake_controller_will_say(int64_t us, const uint8_t *data, size_t length);

/** At that time the wearer's hand changes the button's pin to this level. */
void fake_button_will_be(int64_t us, bool level);


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

// Between the files of the fake.
void fake_program_turn(void);
void fake_frame_from_usb(jd_frame_t *frame, bool by_the_side_door);
void fake_usb_reset(void);
void fake_jacdac_reset(void);
void fake_machine_reset(void);
